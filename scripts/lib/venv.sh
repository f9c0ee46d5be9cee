# Environments of Python with pinned packages. Sourced by the other scripts, in the repository's folder.
#
# environment NAME PACKAGE...   makes $venvs/NAME, again if the list has changed

venvs=$PWD/.build/venvs

environment() {
  name=$1
  shift
  if [ "$(cat "$venvs/$name/packages" 2>/dev/null)" != "$*" ]; then
    mkdir -p "$venvs"
    python3 -m venv --clear "$venvs/$name"
    "$venvs/$name/bin/pip" install --quiet --disable-pip-version-check "$@"
    echo "$*" >"$venvs/$name/packages"
  fi
}
