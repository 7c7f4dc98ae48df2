#!/bin/sh
# Installs what a minimal Debian or Ubuntu lacks for building llama.cpp and for Qt's window, where it may;
# otherwise names it in one line to copy. Elsewhere it says what is missing and leaves the rest to the user.
set -u

[ "$(uname -s)" = Linux ] || exit 0

missing=""
need() { missing="$missing $1"; }

command -v c++ >/dev/null 2>&1 || need g++
python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || need python3-venv

libraries=$(/sbin/ldconfig -p 2>/dev/null || ldconfig -p 2>/dev/null)
while read -r library package; do
    case "$libraries" in *"$library "*) ;; *) need "$package" ;; esac
done <<EOF
libGL.so.1 libgl1
libEGL.so.1 libegl1
libOpenGL.so.0 libopengl0
libglib-2.0.so.0 libglib2.0-0
libfontconfig.so.1 libfontconfig1
libdbus-1.so.3 libdbus-1-3
libxkbcommon.so.0 libxkbcommon0
libxkbcommon-x11.so.0 libxkbcommon-x11-0
libxcb-cursor.so.0 libxcb-cursor0
libxcb-icccm.so.4 libxcb-icccm4
libxcb-image.so.0 libxcb-image0
libxcb-keysyms.so.1 libxcb-keysyms1
libxcb-randr.so.0 libxcb-randr0
libxcb-render-util.so.0 libxcb-render-util0
libxcb-shape.so.0 libxcb-shape0
libxcb-sync.so.1 libxcb-sync1
libxcb-xfixes.so.0 libxcb-xfixes0
libxcb-xkb.so.1 libxcb-xkb1
libX11-xcb.so.1 libx11-xcb1
libgomp.so.1 libgomp1
EOF

# Without these, Chinese text and code are boxes.
fonts=/usr/share/fonts
find $fonts "$HOME/.fonts" "$HOME/.local/share/fonts" -iname '*cjk*' 2>/dev/null | grep -q . || need fonts-noto-cjk
find $fonts -iname '*mono*' 2>/dev/null | grep -q . || need fonts-dejavu-core
find $fonts -iname '*emoji*' 2>/dev/null | grep -q . || need fonts-noto-color-emoji

[ -z "$missing" ] && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "Fireside needs what Debian calls:$missing. Please install your system's packages for it if anything fails." >&2
    exit 0
fi
if [ "$(id -u)" = 0 ]; then
    sudo=""
elif command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
    sudo=sudo
else
    echo "Please install these first:  su -c 'apt-get update && apt-get install -y$missing'" >&2
    exit 1
fi
echo "Installing system packages:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null && exit 0
echo "That failed. Please try:  ${sudo:+sudo }apt-get install -y$missing" >&2
exit 1
