# shellcheck shell=bash disable=SC2034
# What the commands of this folder share. They are run on the server, in this folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# containers read these files as users of their own
umask 022

state=state
secrets=secrets

# the version that runs, or that a release makes run
IMAGE=$(cat "$state/current" 2>/dev/null || echo none)
export IMAGE

files=(--file compose.yaml)
[[ ! -f compose.monitoring.yaml ]] || files+=(--file compose.monitoring.yaml)

compose() { docker compose "${files[@]}" "$@"; }

say() { printf '%s\n' "$*"; }

fail() {
  printf 'Error: %s\n' "$*" >&2
  exit 1
}

# The files that the services of the compose files read secrets from.
secret_files() {
  grep --no-filename --only-matching "$secrets/[a-z]*/[A-Z_]*" compose*.yaml | sort --unique
  printf '%s\n' "$secrets/backup/RESTIC_PASSWORD"
}

require_setup() {
  [[ -f .env ]] || fail "this folder is not set up: run ./setup DOMAIN EMAIL"
  local file
  for file in $(secret_files); do
    [[ -s $file ]] || fail "$file is empty or missing: ./setup DOMAIN EMAIL makes those that are missing"
  done
  # nobody else on this machine can look into the folder
  chmod 700 "$secrets"
  chmod --recursive a+rX "$secrets"/*/
}

domain() { sed -n 's/^DOMAIN=//p' .env; }

# Whether PostgreSQL is somewhere else: then none is started here.
has_other_database() { grep --quiet '^DATABASE_HOST=.' .env; }

# One release, rollback or restore at a time.
lock() {
  mkdir -p "$state"
  exec 9>"$state/lock"
  flock --nonblock 9 || fail "another release, rollback or restore is at work"
}

health() { docker inspect --format '{{.State.Running}} {{.State.Health.Status}}' "$1" 2>/dev/null; }

# Wait until containers answer that they are ready, at most READY_SECONDS.
wait_until_ready() {
  local deadline=$((SECONDS + ${READY_SECONDS:-120})) container state
  for container in "$@"; do
    until state=$(health "$container") && [[ $state == "true healthy" ]]; do
      [[ $state == "true starting" ]] && ((SECONDS < deadline)) || return 1
      sleep 1
    done
  done
}

# Let PostgreSQL know who asks it for numbers. A database elsewhere gets the user from its owner: README.md.
make_exporter() {
  compose exec -T postgres psql --quiet --username app --dbname app --set ON_ERROR_STOP=1 >/dev/null <<END
\\set password '$(cat "$secrets/monitoring/EXPORTER_PASSWORD")'
select 'create role exporter login in role pg_monitor' where not exists (select from pg_roles where rolname = 'exporter') \\gexec
alter role exporter password :'password';
END
}

# Give Prometheus a key for /metrics, and no other. Where nothing is measured there is nothing to do.
make_key_of_prometheus() {
  [[ -d monitoring ]] || return 0
  local key
  key=$(compose exec -T api app keys create prometheus --scope metrics:read --json | grep -o '"key": *"[^"]*"' | cut -d '"' -f 4)
  [[ -n $key ]] || return 1
  mkdir -p "$secrets/monitoring"
  printf '%s' "$key" >"$secrets/monitoring/API_KEY"
}
