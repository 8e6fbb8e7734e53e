#!/bin/sh
# The client that the verifier checks: call your own program here instead of curl and jq.
#
#   aleph-contract verify client --per-case -- sh @PATH@
#
# Reads one input, a JSON document, on standard input; prints the URL of the video. The input is
# sent byte for byte. The token goes to curl through descriptor 3: arguments show up in `ps`.
set -u

reply=$(
  { printf '{"model":"runwayml/aleph-2","input":'; cat; printf '}'; } |
    curl --silent --show-error --max-time 600 --config /dev/fd/3 \
      --header 'Content-Type: application/json' --data-binary @- \
      --write-out '\n%{http_code} %{content_type}' \
      "$CLOUDFLARE_BASE_URL/accounts/$CLOUDFLARE_ACCOUNT_ID/ai/run" 3<<EOF
header = "Authorization: Bearer $CLOUDFLARE_API_TOKEN"
EOF
) || { echo '{"error":{"stage":"transport","message":"curl could not get a reply"}}'; exit 1; }

# The last line is what --write-out added: status and content type.
answered=${reply##*
}
body=${reply%
*}

# A result is a 200 with a completed run in JSON, bare as documented or in the envelope of the
# live API. Any other reply is an error, whatever its status.
case $answered in
  '200 application/json' | '200 application/json;'*)
    video=$(printf '%s' "$body" | jq --raw-output '
      if .success == true then .result else . end
      | select(.state == "Completed") | .result.video | strings | select(contains("://"))
    ' 2>/dev/null) && [ -n "$video" ] && printf '%s\n' "$video" && exit 0 ;;
esac

# The service's error: text on standard error, JSON on standard output.
printf 'no video: HTTP %s: %.300s\n' "$answered" "$body" >&2
printf '%s' "$body" | jq --compact-output --argjson status "${answered%% *}" '
  (.errors[0] // {message: "no video in the answer"})
  | {error: {stage: "api", status: $status, code: .code, message: .message}}
' 2>/dev/null
exit 1
