#!/bin/sh
# Makes the certificates of tests/probe/certificates.rs that rcgen cannot make. Each file holds the key of the server, its certificate
# and the root, in PEM. They are made once and committed; run this again only to add one.
set -eu
cd "$(dirname "$0")"
name=vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# make FILE "KEY OF THE ROOT" DIGEST [EXTENSIONS OF THE LEAF ["KEY OF THE LEAF"]]
make() {
    # shellcheck disable=SC2086 # a key is several words
    openssl req -x509 -newkey $2 -noenc -keyout "$work/ca.key" -out "$work/ca.crt" -days 27000 -subj "/CN=Root of $1"
    # shellcheck disable=SC2086
    openssl req -newkey ${5-ec -pkeyopt ec_paramgen_curve:P-256} -noenc -keyout "$work/leaf.key" -out "$work/leaf.csr" -subj "/CN=leaf"
    : >"$work/index"
    echo 01 >"$work/serial"
    openssl ca -batch -notext -config "$work/settings" -cert "$work/ca.crt" -keyfile "$work/ca.key" -md "$3" \
        -extensions "${4-leaf}" -startdate 20200101000000Z -enddate 20991231235959Z -in "$work/leaf.csr" -out "$work/leaf.crt"
    cat "$work/leaf.key" "$work/leaf.crt" "$work/ca.crt" >"$1.pem"
}

cat >"$work/settings" <<END
[ca]
default_ca = authority
[authority]
database = $work/index
serial = $work/serial
new_certs_dir = $work
policy = policy
[policy]
commonName = supplied
[leaf]
subjectAltName = DNS:$name
basicConstraints = CA:FALSE
[none]
END

make ecdsa-p384-sha512 "ec -pkeyopt ec_paramgen_curve:P-384" sha512
make ecdsa-p256-sha512 "ec -pkeyopt ec_paramgen_curve:P-256" sha512
make ecdsa-sha1 "ec -pkeyopt ec_paramgen_curve:P-256" sha1
make ecdsa-secp256k1 "ec -pkeyopt ec_paramgen_curve:secp256k1" sha256
make rsa-1024 rsa:1024 sha256
make rsassa-pss "rsa-pss -pkeyopt rsa_keygen_bits:2048" sha256
make rsassa-pss-key "ec -pkeyopt ec_paramgen_curve:P-256" sha256 leaf "rsa-pss -pkeyopt rsa_keygen_bits:2048"
# a certificate without extensions is of version 1
make version-1 "ec -pkeyopt ec_paramgen_curve:P-256" sha256 none

# OpenSSL's own form of a certificate, with trust settings
openssl x509 -in "$work/ca.crt" -addtrust serverAuth -trustout -out trusted.pem
