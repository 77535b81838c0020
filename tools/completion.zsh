#compdef @TOOLS@
# SPDX-License-Identifier: MIT
# Completions of vaeutils for zsh. A tool itself prints what it takes, with --complete: see cli_help_table in
# lib/base/cli_help.h. Make puts the tools' names in the place of @TOOLS@.

# Offers names, and those that end with ':' without a space after them.
_vaeutils_names() {
    compadd -- ${@:#(-|*:)}
    compadd -S '' -- ${(M)@:#*:}
}

_vaeutils() {
    local letter long kind called names text action
    local -a specs
    while IFS=$'\t' read -r letter long kind called names text; do
        # A ':' ends a part of what _arguments reads, unless it has a backslash.
        case $kind in
            none) action= ;;
            file) action=":$called:_files" ;;
            names) action=":$called: _vaeutils_names ${names//:/\\:}" ;;
            text) action=":$called: " ;;
        esac
        text="[${${text//\[/\\[}//\]/\\]}]"
        if [[ $long == - ]]; then
            specs+=("*$action")
        elif [[ $letter == - ]]; then
            specs+=("$long${action:+=}$text$action")
        else
            specs+=("($letter $long)$letter$text$action" "($letter $long)$long${action:+=}$text$action")
        fi
    done < <(_call_program options $words[1] --complete 2>/dev/null)
    (( $#specs )) && _arguments -s -S : $specs
}

_vaeutils "$@"
