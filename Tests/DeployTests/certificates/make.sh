#!/usr/bin/env bash
# Recreates the certificates in this folder: an authority, and the Service's certificate with the file names of the
# Secret.
set -euo pipefail
cd "$(dirname "$0")"
days=36500
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }
key authority.key
openssl req -x509 -new -key authority.key -subj "/CN=Test authority" -days $days -out ca.crt
key tls.key
openssl req -new -key tls.key -subj "/CN=pillion" -out tls.csr
openssl x509 -req -in tls.csr -CA ca.crt -CAkey authority.key -CAcreateserial -days $days \
    -extfile <(echo "subjectAltName=DNS:pillion.pillion-system.svc") -out tls.crt
rm -f authority.key ca.srl tls.csr
