#!/bin/sh
# Who is signed in, by the provider's own word:  sh whoami.sh https://PROVIDER/userinfo
# Exit codes: 0 done, 1 failed, 3 Loopgate does not run, 4 nobody is signed in, 5 refused. Needs curl.
case "$(uname)" in
  Darwin) home="$HOME/Library/Application Support/Loopgate" ;;
  MINGW* | MSYS* | CYGWIN*) home="$APPDATA/Loopgate" ;;
  *) home="${XDG_CONFIG_HOME:-$HOME/.config}/loopgate" ;;
esac
stop() { printf '%s\n' "$2" >&2; exit "$1"; }
# The text of a field, as it is written: a shell has no JSON. With jq it is: jq -r ".$1"
field() { sed -nE "s/.*\"$1\" *: *\"(([^\"\\\\]|\\\\.)*)\".*/\1/p"; }

address=$(field address 2>/dev/null <"${LOOPGATE_HOME:-$home}/endpoint.json")
address=${address:-http://localhost:1000}
# Never by a proxy, and without a time limit: the person may be answering whether this program may.
token=$(curl --silent --noproxy '*' --write-out '%{http_code}' "$address/user/access_token") ||
  stop 3 "Loopgate does not run at $address. Start it, then try again."
status=${token#"${token%???}"}
token=${token%???}
case $status in
  200) ;;
  401) stop 4 "$(printf '%s\n' "$token" | field error_description)" ;;
  403) stop 5 "$(printf '%s\n' "$token" | field error_description)" ;;
  *) stop 1 "$(printf '%s\n' "$token" | field error_description)" ;;
esac

# The token by standard input: what is on a command line, every user of the machine can read.
person=$(curl --silent --header @- --write-out '%{http_code}' "$1" <<END
Authorization: Bearer $token
END
)
status=${person#"${person%???}"}
[ "$status" = 200 ] || stop 1 "The provider did not say who this is. Check the address."
printf '%s\n' "Signed in as $(printf '%s\n' "${person%???}" | field name)."
