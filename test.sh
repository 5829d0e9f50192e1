#!/usr/bin/env bash
# Runs everything that must pass before a change lands; CI runs the same.
#
# On Debian or Ubuntu as root it first installs what the tests need. Elsewhere it
# says what is missing and the command that installs it.
set -euo pipefail
cd "$(dirname "$0")"

node_wanted=20    # the oldest Node.js the tests run on
node_installed=22 # the one fetched where the system's is older
node_home=${XDG_CACHE_HOME:-$HOME/.cache}/brio/node$node_installed
# Where promtool is put, out of Debian's package of Prometheus: that itself would
# install a service, and start it.
promtool_home=${XDG_CACHE_HOME:-$HOME/.cache}/brio/promtool
# Debian's names of Python's client and of what it needs for each transport.
python_packages=(python3 python3-socketio python3-engineio python3-websocket python3-requests python3-aiohttp)

main() {
	trap finish EXIT
	stage tools tools
	stage "official clients" clients
	stage gofmt formatted
	stage "go vet" go vet ./...
	stage golangci-lint lint
	stage "go build" go test -race -vet=off -c -o /dev/null ./...
	# One package at a time: the wire's timing is tested without a rival for the cores.
	stage "go test, the wire" tested -p=1 "$wire"
	stage "go test, the rest" tested -p=2 -v "$wire"
	# As on other systems and with TLS: each connection has a goroutine.
	stage "go test without loops" go test -race -vet=off -count=1 -p=1 -timeout=10m -tags nopoll . ./engine ./internal/poll ./transport/websocket
	# The race detector makes pools forget.
	stage "allocations" go test -vet=off -count=1 -run Allocate ./...
	stage "benchmarks, once" go test -run '^$' -bench . -benchtime 1x ./...
}

# The packages that talk with clients in real time.
wire='briohq/brio$|briohq/brio/(engine|transport|client)(/|$)|briohq/brio/(conformance|briotest)$'

# tested runs the tests of the packages that match, or with -v of those that don't,
# with the flag given first.
tested() {
	local flag=$1 packages
	shift
	packages=$(go list ./... | grep -E "$@")
	# shellcheck disable=SC2086 # names of packages have no spaces
	go test -race -vet=off -count=1 "$flag" -timeout=20m $packages
}

# --- stages: each runs alone, and the first to fail ends the run ---

summary=
current=

stage() {
	current=$1
	shift
	printf '\n== %s\n' "$current"
	local began=$SECONDS
	"$@"
	summary+=$(printf '   ok    %4ds  %s' $((SECONDS - began)) "$current")$'\n'
	current=
}

finish() {
	local code=$?
	printf '\n== summary\n%s' "$summary"
	if [ "$code" -ne 0 ]; then
		printf '   FAILED       %s\n' "${current:-test.sh}"
	else
		printf 'All passed in %ds.\n' "$SECONDS"
	fi
	exit "$code"
}

clients() {
	local lock=conformance/package-lock.json
	if [ conformance/node_modules/.package-lock.json -nt "$lock" ]; then
		echo "conformance/node_modules is up to date"
		return
	fi
	npm ci --prefix conformance --no-audit --no-fund --loglevel=error
}

formatted() {
	local files
	files=$(find . -name node_modules -prune -o -name '*.go' -print0 | xargs -0 "$(go env GOROOT)/bin/gofmt" -l)
	if [ -n "$files" ]; then
		printf 'gofmt would change:\n%s\nRun: make fmt\n' "$files"
		return 1
	fi
}

lint() {
	echo "the first run compiles the linter: some minutes"
	go tool -modfile=tools/go.mod golangci-lint run --timeout 20m
}

# --- tools: what is missing is installed, or named ---

tools() {
	# Put here by an earlier run where the system's Node.js is too old.
	if [ -x "$node_home/node_modules/.bin/node" ]; then
		PATH=$node_home/node_modules/.bin:$PATH
	fi

	if [ -x "$promtool_home/promtool" ]; then
		PATH=$promtool_home:$PATH
	fi

	if ! have_go; then
		echo "missing: Go $(go_wanted) or newer"
		echo "install it from https://go.dev/doc/install"
		return 1
	fi
	local missing
	missing=$(missing_tools)
	if [ -z "$missing" ]; then
		show_tools
		return
	fi
	printf 'missing:\n%s\n' "$missing"
	if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
		how_to_install
		return 1
	fi
	install_tools
	missing=$(missing_tools)
	if [ -n "$missing" ]; then
		printf 'still missing after the installation:\n%s\n' "$missing"
		how_to_install
		return 1
	fi
	show_tools
}

# missing_tools prints a line for each thing that is not there.
missing_tools() {
	have_gcc || echo "  gcc (for go test -race)"
	have_node || echo "  node $node_wanted or newer (for the official clients)"
	have npm || echo "  npm (for the official clients)"
	have_python || echo "  python3 with python-socketio, websocket-client, requests and aiohttp (for Python's client)"
	have_browser || echo "  chromium (for the tests of the demo)"
	have redis-server || echo "  redis-server 7 or newer (for clusters through Redis)"
	have_postgres || echo "  postgresql 13 or newer (for clusters through PostgreSQL)"
	have_certificates || echo "  ca-certificates (to download over HTTPS)"
	have promtool || echo "  promtool (for the metrics)"
}

have() { command -v "$1" >/dev/null; }

# have_go asks Go itself, which may fetch the toolchain that go.mod names.
have_go() { have go && go list -m >/dev/null; }

go_wanted() { awk '$1 == "go" { print $2 }' go.mod; }

have_gcc() { have "${CC:-gcc}" && printf '#include <stdlib.h>\n' | "${CC:-gcc}" -E - >/dev/null 2>&1; }

have_node() { [ "$(node_major)" -ge "$node_wanted" ]; }

node_major() {
	local version
	version=$(node --version 2>/dev/null) || version=v0
	version=${version#v}
	echo "${version%%.*}"
}

have_python() { [ -n "$(python)" ]; }

# python names the first one that has the client: Debian's packages are for its own,
# which may not be the first in the path.
python() {
	local name
	for name in python3 /usr/bin/python3; do
		if have "$name" && "$name" -c 'import socketio, engineio, websocket, requests, aiohttp' 2>/dev/null; then
			echo "$name"
			return
		fi
	done
}

# have_browser starts it: what Ubuntu calls chromium-browser may be an empty shell.
have_browser() { [ -n "$(browser)" ]; }

browser() {
	local name
	for name in chromium chromium-browser google-chrome google-chrome-stable \
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
		if have "$name" && "$name" --version 2>/dev/null; then
			return
		fi
	done
}

# have_postgres looks where Debian puts it, too, which is not in the path.
have_postgres() { have postgres || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; }

have_certificates() { ! have dpkg || [ -s /etc/ssl/certs/ca-certificates.crt ]; }

show_tools() {
	go version
	"${CC:-gcc}" --version | head -n 1
	echo "node $(node --version), npm $(npm --version)"
	echo "$("$(python)" --version), python-socketio of $("$(python)" -c 'import socketio; print(socketio.__file__)')"
	browser
	promtool --version | head -n 1
}

install_tools() {
	local packages=()
	have_gcc || packages+=(gcc libc6-dev)
	have node || packages+=(nodejs)
	have npm || packages+=(npm)
	have_python || packages+=("${python_packages[@]}")
	have_browser || packages+=("$(browser_package)")
	have redis-server || packages+=(redis-server)
	have_postgres || packages+=(postgresql)
	have_certificates || packages+=(ca-certificates)
	export DEBIAN_FRONTEND=noninteractive
	quiet apt-get -o DPkg::Lock::Timeout=300 update || echo "apt-get update failed; going on with the lists there are"
	if [ "${#packages[@]}" -gt 0 ]; then
		echo "installing: ${packages[*]}"
		quiet apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${packages[@]}"
	fi
	if ! have_node; then
		echo "installing: node $node_installed, into $node_home"
		mkdir -p "$node_home"
		quiet npm install --prefix "$node_home" --no-audit --no-fund --loglevel=error "node@$node_installed"
		PATH=$node_home/node_modules/.bin:$PATH
	fi
	if ! have promtool; then
		echo "installing: promtool, into $promtool_home"
		quiet fetch_promtool
		PATH=$promtool_home:$PATH
	fi
}

fetch_promtool() (
	mkdir -p "$promtool_home"
	cd "$promtool_home"
	apt-get download prometheus
	dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x --strip-components=3 ./usr/bin/promtool
	rm prometheus_*.deb
)

browser_package() {
	if grep -qs '^ID=ubuntu' /etc/os-release; then
		echo chromium-browser
	else
		echo chromium
	fi
}

# quiet runs a command and shows what it printed only if it failed.
quiet() {
	local out
	if ! out=$("$@" 2>&1); then
		printf '%s\n' "$out"
		echo "failed: $*"
		return 1
	fi
}

how_to_install() {
	cat <<-EOF
	install what is missing with
	  Debian, Ubuntu:  sudo apt-get update && sudo apt-get install -y gcc libc6-dev nodejs npm ${python_packages[*]} $(browser_package) ca-certificates
	  Fedora:          sudo dnf install gcc nodejs npm python3-pip chromium
	  macOS:           xcode-select --install; brew install node python; brew install --cask google-chrome
	  Python's client, elsewhere than on Debian and Ubuntu:
	                   python3 -m pip install --user "python-socketio[client,asyncio_client]"
	  Node.js $node_wanted or newer, if the system's is older:
	                   npm install --prefix "$node_home" node@$node_installed
	  promtool:        a part of Prometheus, https://prometheus.io/download/; brew install prometheus
	  a browser, if the system's does not start: https://www.google.com/chrome/
	EOF
}

main "$@"
