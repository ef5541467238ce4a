#!/bin/sh
# Makes the media of `gate115 demo` anew, with FFmpeg: a clip (as MP4 and Matroska), a tone and two pictures of our own.
set -eu
cd "$(dirname "$0")"
ffmpeg -y -loglevel error \
  -f lavfi -i "testsrc=size=320x180:rate=10:duration=60" -f lavfi -i "sine=frequency=220:beep_factor=4:duration=60" \
  -c:v libx264 -preset veryslow -tune animation -crf 36 -g 50 -pix_fmt yuv420p -c:a aac -b:a 12k -ac 1 \
  -movflags +faststart -map_metadata -1 clip.mp4
ffmpeg -y -loglevel error -i clip.mp4 -c copy -map_metadata -1 clip.mkv
ffmpeg -y -loglevel error -f lavfi -i "sine=frequency=330:beep_factor=3:duration=15" -ac 1 -ar 16000 -b:a 16k -map_metadata -1 tone.mp3
ffmpeg -y -loglevel error -f lavfi -i "mandelbrot=size=480x270:end_pts=1" -frames:v 1 -q:v 12 -map_metadata -1 picture.jpg
ffmpeg -y -loglevel error -f lavfi -i "testsrc2=size=240x135" -frames:v 1 -map_metadata -1 picture.png
