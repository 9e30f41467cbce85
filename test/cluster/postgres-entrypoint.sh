#!/bin/sh
# Starts PostgreSQL, making the database first where there is none. Environment:
#   POSTGRES_PASSWORD  wanted on first start    POSTGRES_USER (postgres)  POSTGRES_DB (the user's name)
#   POSTGRES_TLS_CERT, POSTGRES_TLS_KEY         files; with them only TLS connections are let in from the network
#   POSTGRES_TLS_CA                             file; with it clients must show a certificate of this authority too
# Files *.sql in /docker-entrypoint-initdb.d run once, in order. Arguments go to the server.
set -eu
: "${POSTGRES_USER:=postgres}" "${POSTGRES_DB:=$POSTGRES_USER}"

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  [ -n "${POSTGRES_PASSWORD:-}" ] || { echo 'POSTGRES_PASSWORD must be set for the first start' >&2; exit 1; }
  # A first start that was killed left half a database, which initdb refuses: begin again.
  rm -rf "$PGDATA" "$PGDATA.new"
  mkdir -p "$PGDATA.new"
  chmod 700 "$PGDATA.new"
  password=/tmp/.password
  (umask 077; printf '%s' "$POSTGRES_PASSWORD" >"$password")
  initdb -D "$PGDATA.new" -U "$POSTGRES_USER" --pwfile="$password" --auth-local=trust --auth-host=scram-sha-256 \
    --encoding=UTF8 --locale=C
  rm "$password"
  pg_ctl -D "$PGDATA.new" -w -o "-c listen_addresses='' -c unix_socket_directories=/tmp -c jit=off" start
  export PGHOST=/tmp PGUSER="$POSTGRES_USER"
  [ "$POSTGRES_DB" = postgres ] || psql -v ON_ERROR_STOP=1 -d postgres -c "CREATE DATABASE \"$POSTGRES_DB\""
  for script in /docker-entrypoint-initdb.d/*.sql; do
    [ ! -f "$script" ] || psql -v ON_ERROR_STOP=1 -d "$POSTGRES_DB" -f "$script"
  done
  pg_ctl -D "$PGDATA.new" -w -m fast stop
  mv "$PGDATA.new" "$PGDATA"
fi

hosts=/tmp/pg_hba.conf
printf 'local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\nhost all all ::1/128 scram-sha-256\n' >"$hosts"
if [ -n "${POSTGRES_TLS_CERT:-}" ]; then
  # The server wants a key that no one else may read, which a mounted Secret is not.
  mkdir -p /tmp/tls
  cp "$POSTGRES_TLS_CERT" /tmp/tls/server.crt
  (umask 077; cat "$POSTGRES_TLS_KEY" >/tmp/tls/server.key)
  set -- -c ssl=on -c ssl_cert_file=/tmp/tls/server.crt -c ssl_key_file=/tmp/tls/server.key "$@"
  if [ -n "${POSTGRES_TLS_CA:-}" ]; then
    set -- -c ssl_ca_file="$POSTGRES_TLS_CA" "$@"
    printf 'hostssl all all all scram-sha-256 clientcert=verify-ca\n' >>"$hosts"
  else
    printf 'hostssl all all all scram-sha-256\n' >>"$hosts"
  fi
else
  printf 'host all all all scram-sha-256\n' >>"$hosts"
fi
exec postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/tmp -c hba_file="$hosts" -c jit=off "$@"
