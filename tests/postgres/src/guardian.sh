# Owns a PostgreSQL cluster for a test binary: obeys words on its input, answers each with a line, and when the
# input ends, because the tests ended, panicked or were killed, stops the server and removes the folder.
# Arguments: folder of the server's programs, folder of the cluster, --no-sync or nothing.
bin=$1
folder=$2
data=$folder/data
# Left unquoted where it is used: nothing is no argument.
sync=$3
server=
pooler=
# PIPE: an answer that nobody reads any more is no reason to leave the folder behind.
trap '' INT HUP TERM PIPE

create() {
    "$bin/initdb" --pgdata="$data" --username=postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 \
        --locale-provider=icu --icu-locale=en-US $sync --no-instructions >>"$folder/log" 2>&1 &&
        cat "$folder/settings" >>"$data/postgresql.conf"
}

# The server is a child of this shell and not of pg_ctl, so that nobody else has to take note of its end.
launch() {
    "$bin/postgres" -D "$data" >>"$folder/log" 2>&1 &
    server=$!
    until "$bin/pg_isready" --quiet --host="$folder" --timeout=1; do
        kill -0 "$server" 2>>"$folder/log" || return 1
        sleep 0.1
    done
}

start() {
    # After a crash, processes of the server that died may hold its memory for a moment.
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        launch && return 0
        sleep 0.2
    done
    return 1
}

crash() {
    children=$(cat "/proc/$server/task/$server/children" 2>>"$folder/log")
    kill -KILL "$server"
    # One by one: a child that ended meanwhile is no failure.
    for child in $children; do kill -KILL "$child" 2>>"$folder/log"; done
    wait "$server" 2>>"$folder/log"
    server=
}

# INT: ends connections and writes everything down; QUIT: at once.
stop() {
    kill -"$1" "$server" && wait "$server"
    server=
}

# PgBouncer in front of the server, on a socket of its own in the same folder.
pool() {
    PATH=$PATH:/usr/sbin pgbouncer --quiet "$folder/pgbouncer.ini" >>"$folder/log" 2>&1 &
    pooler=$!
    until "$bin/pg_isready" --quiet --host="$folder" --port=6432 --timeout=1; do
        kill -0 "$pooler" 2>>"$folder/log" || return 1
        sleep 0.1
    done
}

# TERM: at once, whatever goes on.
unpool() {
    kill -TERM "$pooler" && wait "$pooler" 2>>"$folder/log"
    pooler=
}

while read -r word; do
    case $word in
    create) create ;;
    start) start ;;
    crash) crash ;;
    stop) stop INT ;;
    pool) pool ;;
    unpool) unpool ;;
    *) false ;;
    esac && echo done || echo failed
done

[ -z "$pooler" ] || unpool
[ -z "$server" ] || stop QUIT
rm -rf "$folder"
