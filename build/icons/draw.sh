#!/usr/bin/env bash
# Draws every icon from its outline. The results are committed; run this after changing a shape or a colour.
# Needs rsvg-convert (Debian: librsvg2-bin) and convert (imagemagick).
set -euo pipefail
cd "$(dirname "$0")"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The mark on a grid of 22: a loop that is also a gate.
gate='M5 17.6 H8.6 V14.6 A5.3 5.3 0 1 1 13.4 14.6 V17.6 H17'

# State is told by shape as well as by colour: what stands in the loop, and whether the loop is closed.
person='<circle cx="11" cy="9.9" r="2.1" fill="#fff"/>'
nobody=''
warning='<path d="M11 7.4 V10" stroke="#fff" stroke-width="2" stroke-linecap="round"/><circle cx="11" cy="12.7" r="1.1" fill="#fff"/>'

# A tile with a light rim is seen on dark panels and on light ones.
tile() { # colour, attributes of the loop, what stands in it
  cat <<SVG
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 22 22">
  <rect x=".5" y=".5" width="21" height="21" rx="5.5" fill="$1"/>
  <rect x="1" y="1" width="20" height="20" rx="5" fill="none" stroke="#fff" stroke-opacity=".3"/>
  <path d="$gate" fill="none" stroke="#fff" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round" $2/>
  $3
</svg>
SVG
}

# macOS colours a template image by itself and looks only at how opaque it is.
template() {
  cat <<SVG
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 22 22">
  <path d="M4.4 18.4 H8.5 V15 A6 6 0 1 1 13.5 15 V18.4 H17.6" fill="none" stroke="#000" stroke-width="2.1"
        stroke-linecap="round" stroke-linejoin="round"/>
  <circle cx="11" cy="9.5" r="2.2"/>
</svg>
SVG
}

draw() { # name; the outline on standard input
  cat > "$scratch/$1.svg"
  rsvg-convert --width 22 --height 22 "$scratch/$1.svg" --output "$1.png"
  rsvg-convert --width 44 --height 44 "$scratch/$1.svg" --output "$1@2x.png"
}

tile '#24698f' '' "$person" | draw tray-signed-in
tile '#6b7280' 'stroke-opacity=".75"' "$nobody" | draw tray-signed-out
tile '#6d5bb0' 'stroke-dasharray="8 3.75 3.5 3.75 3.5 3.75 3.5 3.75 8"' "$person" | draw tray-busy
tile '#b8500f' '' "$warning" | draw tray-attention
template | draw trayTemplate

rsvg-convert --width 512 --height 512 loopgate.svg --output app.png
for size in 16 20 24 32 48 64 256; do
  rsvg-convert --width "$size" --height "$size" "$scratch/tray-signed-in.svg" --output "$scratch/$size.png"
done
convert "$scratch"/{16,20,24,32,48,64,256}.png tray.ico
