#!/bin/sh
# PostgreSQL of the development stack: `postgres.sh init`, `run` or `schema`.
#
# PGDATA names the data directory, PGHOST the directory of the socket, and PGUSER and PGDATABASE what libpq's programs
# use. PostgreSQL refuses to run as root, so where root runs the stack, the server runs as the user "postgres"; where
# anybody else does, it runs as that user.
set -eu
: "${PGDATA:?}" "${PGHOST:?}" "${PGUSER:?}" "${PGDATABASE:?}"

# Debian keeps the server's programs out of PATH, a directory for each major version.
for directory in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V); do
    PATH="$directory:$PATH"
done

as_server() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"
    else
        "$@"
    fi
}

case "${1:-}" in
init)
    mkdir -p "$(dirname "$PGDATA")" "$PGHOST"
    chmod 0700 "$PGHOST"
    # A directory that initdb has not finished is not mistaken for a database: it gets its name at the end.
    rm -rf "$PGDATA.new"
    mkdir -m 0700 "$PGDATA.new"
    if [ "$(id -u)" -eq 0 ]; then
        # Another user must be able to pass through the stack's directories, though not to look into them.
        chmod o+x "$(dirname "$PGDATA")" "$(dirname "$PGHOST")"
        chown postgres: "$PGHOST" "$PGDATA.new"
    fi
    if [ -d "$PGDATA" ]; then
        rmdir "$PGDATA.new"
        exit 0
    fi
    # The socket's directory lets only its owner and root in, so nobody needs a password.
    as_server initdb -D "$PGDATA.new" -U "$PGUSER" -E UTF8 --locale=C.UTF-8 \
        --auth-local=trust --auth-host=reject --no-sync --no-instructions
    mv "$PGDATA.new" "$PGDATA"
    ;;
run)
    set -- postgres -D "$PGDATA" -k "$PGHOST" -c listen_addresses= -c shared_buffers=32MB -c max_connections=50
    if [ "$(id -u)" -eq 0 ]; then
        exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"
    fi
    exec "$@"
    ;;
schema)
    exists=$(psql -X -q -A -t -d postgres -c "SELECT 1 FROM pg_database WHERE datname = '$PGDATABASE'")
    [ "$exists" = 1 ] || createdb "$PGDATABASE"
    exec psql -X -q -v ON_ERROR_STOP=1 --single-transaction -f "$(dirname "$0")/schema.sql"
    ;;
*)
    echo "usage: postgres.sh init|run|schema" >&2
    exit 2
    ;;
esac
