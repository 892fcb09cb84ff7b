#!/usr/bin/env bash
# From a bare Debian and a clone to the live demo: how long does `./dev run` take? [bookworm|trixie] [test]
#
# Makes a bare Debian with debootstrap (kept in .cache), puts git and this commit into a new copy of it, and
# times `./dev run` there until the dashboard shows load, in a terminal of 120x30. With `test` it also runs
# `./dev test` there. Needs root, debootstrap and tmux. The limit is 240 s.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
suite=${1:-bookworm}
what=${2:-run}
mirror=${MIRROR:-http://deb.debian.org/debian}
limit=240

[ "$(id -u)" = 0 ] || { echo "fresh: needs root, for a chroot" >&2; exit 1; }
for program in debootstrap tmux unshare; do
    command -v "$program" >/dev/null || { echo "fresh: $program is not installed" >&2; exit 77; }
done

base=$PWD/.cache/$suite.tar
mkdir -p .cache
if [ ! -s "$base" ]; then
    bare=$(mktemp -d /tmp/loadtop-base-XXXXXX)
    debootstrap --variant=minbase --include=git,ca-certificates "$suite" "$bare" "$mirror" >"$bare.log" 2>&1 ||
        { tail -5 "$bare.log" >&2; exit 1; }
    tar -C "$bare" -cf "$base.part" .
    mv "$base.part" "$base"
    rm -rf "$bare" "$bare.log"
fi

root=$(mktemp -d /tmp/loadtop-fresh-XXXXXX)
chmod 755 "$root" # apt fetches as a user of its own
tmux_dir=$(mktemp -d /tmp/loadtop-tmux-XXXXXX)
export TMUX_TMPDIR=$tmux_dir
cleanup() {
    tmux -L fresh kill-server 2>/dev/null || true
    # The namespace took its mounts with it; --one-file-system in case it has not ended yet.
    rm -rf --one-file-system "$root" "$tmux_dir"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
tar -C "$root" -xf "$base"
git clone -q --bare . "$root/root/loadtop.git"

# Own mounts and processes: nothing of it outlives this script.
cat >"$tmux_dir/enter" <<END
#!/usr/bin/env bash
exec unshare --mount --pid --fork --kill-child bash -c '
    set -e
    root=\$0
    mount -t proc proc "\$root/proc"
    mount -t tmpfs tmpfs "\$root/dev"
    for d in null zero full random urandom tty; do
        touch "\$root/dev/\$d"
        mount --bind "/dev/\$d" "\$root/dev/\$d"
    done
    mkdir "\$root/dev/pts" "\$root/dev/shm"
    mount --bind /dev/pts "\$root/dev/pts"
    ln -s pts/ptmx "\$root/dev/ptmx"
    ln -s /proc/self/fd "\$root/dev/fd"
    cp /etc/resolv.conf "\$root/etc/resolv.conf"
    exec chroot "\$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 TERM=screen-256color \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "\$@"
' "$root" "\$@"
END
chmod +x "$tmux_dir/enter"

began=$(date +%s)
tmux -L fresh -f /dev/null new-session -d -s t -x 120 -y 30 \
    "$tmux_dir/enter bash -c 'cd /root && git clone -q loadtop.git && cd loadtop && ./dev run; echo ENDED; exec sleep 600'"
while :; do
    seconds=$(($(date +%s) - began))
    screen=$(tmux -L fresh capture-pane -p -t t 2>/dev/null || true)
    if grep -q 'LOAD ON' <<<"$screen" && grep -qE '[0-9][0-9.]*[kM]? op ' <<<"$screen"; then # and it is done
        break
    fi
    if [ "$seconds" -gt "$limit" ] || grep -q '^ENDED' <<<"$screen"; then
        printf '%s\n' "$screen"
        echo "fresh $suite: no live demo after $seconds s (limit $limit)" >&2
        exit 1
    fi
    sleep 0.5
done
printf '%s\n' "$screen"
echo "fresh $suite: clone and ./dev run to the live demo in $seconds s (limit $limit)"
tmux -L fresh kill-server 2>/dev/null || true

if [ "$what" = test ]; then
    began=$(date +%s)
    "$tmux_dir/enter" bash -c 'cd /root/loadtop && ./dev test'
    echo "fresh $suite: ./dev test in $(($(date +%s) - began)) s"
fi
