#!/bin/sh
# The Nu HTML checker over every whole page of a built site: `vnu.sh SITE`, where `npm ci` has run; wants Java 17.
# Embeds are parts of somebody's page, their frames are whole ones. Its warnings are left out: it takes 'self' in a
# page's policy for its own address.
set -eu
site=$(realpath "$1")
jar=$(dirname "$(realpath "$0")")/node_modules/vnu-jar/build/dist/vnu.jar
find "$site" -name '*.html' \( -not -path "$site/*/embed/*" -o -path '*/embed/frame/*' \) -print0 |
  xargs -0 java -Xss1m -jar "$jar" --errors-only
