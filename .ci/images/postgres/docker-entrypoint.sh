#!/bin/sh
set -eu
: "${POSTGRES_PASSWORD:?expected POSTGRES_PASSWORD}"
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
case "${1:-postgres}" in -*) set -- postgres "$@" ;; esac
mkdir -p "$PGDATA" /var/run/postgresql
chown -R postgres: "$PGDATA" /var/run/postgresql
as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  printf '%s' "$POSTGRES_PASSWORD" >/tmp/password
  chown postgres: /tmp/password
  as_postgres initdb --username="$user" --pwfile=/tmp/password --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --no-locale --no-sync >/dev/null
  rm /tmp/password
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  if [ "$database" != postgres ]; then
    # single-user mode: no temporary server that a health check could take for the real one
    printf 'CREATE DATABASE "%s"\n' "$database" | as_postgres postgres --single -j -D "$PGDATA" postgres >/dev/null
  fi
fi
[ "$1" = postgres ] || exec "$@"
shift
exec setpriv --reuid=postgres --regid=postgres --init-groups postgres -c 'listen_addresses=*' "$@"
