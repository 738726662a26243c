"""The drills of scripts/drill.py. Read server.py and traffic.py first; then each drill is a function."""
