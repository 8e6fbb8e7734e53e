#!/bin/sh
# Keep nginx from sending runs to fakes that are not ready, for example because they lost the database.
# usage: drain.sh TEMPLATE CONFIG
# Asks each fake of TEMPLATE once a second, and reloads nginx with a new CONFIG when an answer changes.
template=$1 config=$2
fakes=$(sed -n 's/^ *server \([^ ]*\) max_fails=0;$/\1/p' "$template")
loaded=nothing
while :; do
  edits='' ready=''
  for fake in $fakes; do
    if curl -sf -m 2 -o /dev/null -H Host:localhost "http://$fake/__aleph__/ready"; then
      ready=yes
    else
      edits="$edits;s/$fake max_fails=0/& down/"
    fi
  done
  [ -n "$ready" ] || edits='' # none is ready: the fakes answer with 503 and log the reason
  if [ "$edits" != "$loaded" ]; then
    sed "$edits" "$template" > "$config.new" && mv "$config.new" "$config"
    # Open runs end on the connections that they have. If nginx has not started yet, try again.
    ${NGINX:-nginx} -s reload && loaded=$edits
  fi
  sleep 1
done
