#!/bin/sh
# curl with a time-out of 60 s and two repetitions; prints the reply.
set -u
{ printf '{"model":"runwayml/aleph-2","input":'; cat; printf '}'; } |
  curl --silent --show-error --fail --max-time 60 --retry 2 --retry-delay 10 \
    --config /dev/fd/3 \
    --header 'Content-Type: application/json' --data-binary @- \
    "$CLOUDFLARE_BASE_URL/accounts/$CLOUDFLARE_ACCOUNT_ID/ai/run" 3<<EOF
header = "Authorization: Bearer $CLOUDFLARE_API_TOKEN"
EOF
