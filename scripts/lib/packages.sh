# Installs missing system packages. Sourced by the other scripts.
#
# need COMMAND_OR_FILE DEBIAN_PACKAGE [BREW_FORMULA]   notes a package if the command or file is missing
# need_to_build                                        notes what every build needs
# install_needed                                       installs what was noted
# release_options                                      the options of swift build for a release

debian_packages=()
brew_formulas=()

need() {
  case "$1" in
    /*) compgen -G "$1" >/dev/null && return ;;
    *) command -v "$1" >/dev/null && return ;;
  esac
  [ -n "${2:-}" ] && debian_packages+=("$2")
  [ -n "${3:-}" ] && brew_formulas+=("$3")
  return 0
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install_needed() {
  case "$(uname -s)" in
    Linux)
      [ ${#debian_packages[@]} -eq 0 ] && return
      command -v apt-get >/dev/null || {
        echo "Missing: ${debian_packages[*]} (Debian's names). Install them and run this again." >&2
        exit 1
      }
      echo "Installing ${debian_packages[*]} ..."
      as_root apt-get update -qq
      as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${debian_packages[@]}" >/dev/null
      ;;
    Darwin)
      [ ${#brew_formulas[@]} -eq 0 ] && return
      command -v brew >/dev/null || {
        echo "Missing: ${brew_formulas[*]}. Install Homebrew, or these by other means, and run this again." >&2
        exit 1
      }
      echo "Installing ${brew_formulas[*]} ..."
      brew install --quiet "${brew_formulas[@]}"
      ;;
  esac
}

need_swift() {
  command -v swift >/dev/null || {
    echo "Swift 6.2 or later is needed: see https://www.swift.org/install/" >&2
    exit 1
  }
}

# What every build needs.
need_to_build() {
  need_swift
  if [ "$(uname -s)" = Linux ]; then
    need /usr/include/sqlite3.h libsqlite3-dev
    need "/usr/include/*/libpq-fe.h" libpq-dev
  else
    need "/opt/homebrew/opt/libpq/include/libpq-fe.h" "" libpq
  fi
}

# Options of a release build. Where the toolchain has Swift's libraries to link statically, the program starts in half the time, and
# runs without a toolchain. Then no symbol is looked up or exported that need not be, and addresses are fixed, as in programs of Go: 100,000
# pointers would have to be relocated at each start, and the memory that they stand in could not be shared. Code that is optimized for its
# size is as fast here, starts sooner and takes half the time to build. A folder of its own lets a release be built while tests run: SwiftPM
# locks the database of a build.
release_options() {
  local options=(-c release -Xswiftc -Osize --scratch-path .build/release-build) resources library file folder=.build/static
  resources=$(swiftc -print-target-info | sed -n 's/.*"runtimeResourcePath": *"\(.*\)".*/\1/p')
  if [ -d "${resources}_static/linux" ]; then
    options+=(--static-swift-stdlib -Xlinker --no-export-dynamic -Xswiftc -Xclang-linker -Xswiftc -no-pie)
    # The linker finds these before the shared ones.
    mkdir -p "$folder"
    for library in stdc++:stdc++ gcc_eh:gcc_s; do
      file=$("${resources%/lib/swift}/bin/clang" -print-file-name="lib${library%:*}.a")
      [ -f "$file" ] && ln -sf "$file" "$folder/lib${library#*:}.a"
    done
    options+=(-Xswiftc -L -Xswiftc "$folder")
  fi
  echo "${options[@]}"
}
