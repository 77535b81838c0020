# SPDX-License-Identifier: MIT
# Completions of vaeutils for bash. A tool itself prints what it takes, with --complete: see cli_help_table in
# lib/base/cli_help.h. Make puts the tools' names in the place of @TOOLS@.

_vaeutils() {
    local word=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} ended=
    local letter long kind names options=() takes=none choices=
    COMPREPLY=()
    # bash splits words at = and :, so that --option=argument is three of them.
    case $word$option in
    =*) word= ;;
    *=) option=${COMP_WORDS[COMP_CWORD - 2]} ;;
    :* | *:) return ;; # what follows NAME: is a number
    esac
    [[ " ${COMP_WORDS[*]:1:COMP_CWORD-1} " != *' -- '* ]] || ended=yes # only operands follow
    [[ -z $ended && $option == -?* ]] || option=none
    while IFS=$'\t' read -r letter long kind _ names _; do
        options+=("$letter" "$long")
        if [[ $option == "$letter" || $option == "$long" ]]; then
            takes=$kind choices=$names
        elif [[ $long == - && $takes == none ]]; then # the last row: the operands
            takes=$kind choices=$names
            [[ -n $ended || $word != -* ]] || takes=names choices=${options[*]}
        fi
    done < <("${COMP_WORDS[0]/#\~/$HOME}" --complete 2>/dev/null)
    case $takes in
    file) compopt -o default ;; # readline completes it
    names)
        mapfile -t COMPREPLY < <(compgen -W "$choices" -X - -- "$word")
        [[ ${COMPREPLY[*]} != *: ]] || compopt -o nospace
        ;;
    esac
}

complete -F _vaeutils @TOOLS@
