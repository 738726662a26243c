#!/usr/bin/env bash
# Recreates the certificates in this folder.
set -euo pipefail
cd "$(dirname "$0")"
days=36500
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
signed() { # name, common name, alternative names
    key "$1"
    openssl req -new -key "$1.key" -subj "/CN=$2" -out "$1.csr"
    openssl x509 -req -in "$1.csr" -CA authority.pem -CAkey authority.key -CAcreateserial -days $days \
        -extfile <(echo "subjectAltName=$3") -out "$1.pem"
    rm "$1.csr"
}
key authority
openssl req -x509 -new -key authority.key -subj "/CN=Test authority" -days $days -out authority.pem
signed server server "DNS:localhost,DNS:pillion.mesh.svc,IP:127.0.0.1"
signed renewed renewed "DNS:localhost,DNS:pillion.mesh.svc,IP:127.0.0.1"
signed client kube-apiserver "DNS:kube-apiserver"
key stranger
openssl req -x509 -new -key stranger.key -subj "/CN=kube-apiserver" -addext "subjectAltName=DNS:kube-apiserver" -days $days -out stranger.pem
rm -f authority.key authority.srl
