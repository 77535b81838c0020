#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Completions: the table that each tool prints for them, and what bash makes of it. At a terminal: tests/long/completion.bats.
# shellcheck disable=SC2154 # bats sets status, output and lines

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    read -r -a TOOLS < <(sed -n 's/^TOOLS := *//p' "$ROOT/Makefile")
}

@test "the table has each option of --help and no other, with its letter, its argument and its text" {
    local tool
    for tool in "${TOOLS[@]}"; do
        "$tool" --help | grep '^ .*--' | grep -v '^  [a-z]' | sed 's/ (default [^ ]*)$//' | sort >help
        "$tool" --complete | awk -F '\t' 'NF != 6 { exit 1 } $2 != "-" {
            printf "  %-26s %s\n", ($1 == "-" ? "    " : $1 ", ") $2 " " ($4 == "-" ? "" : $4), $6 }' |
            sed 's/ (default [^ ]*)$//' | sort | diff - help
        # Options that take files complete files, and flags nothing.
        "$tool" --complete | awk -F '\t' '$2 != "-" && (($4 == "FILE") != ($3 == "file") || ($4 == "-") != ($3 == "none")) {
            print; bad = 1 } END { exit bad }'
    done
}

@test "a table that cannot be printed is an error, and --complete is no option among others" {
    fails 1 'raw-cmp: stdout: cannot write: No space left on device' bash -c 'raw-cmp --complete >/dev/full'
    fails 2 'vae-train: --complete: no such option' vae-train --complete -q
    fails 2 'vae-train: --complete: no such option' vae-train -q --complete
}

# takes TOOL OPTION TEXT: whether the tool takes the text for the option's argument.
takes() {
    local all=("$1")
    [ "$1" != vae-train ] || all+=(-m new.bin)
    [ "$2" != --sigma ] || all+=(-l gaussian)
    "${all[@]}" "$2" "$3" </dev/null >/dev/null 2>told || true
    ! grep -q -F -e "$1: $2: found '$3'" told
}

@test "names are offered that the tool takes, and all of them" {
    local tool option kind names name count=0 words
    for tool in "${TOOLS[@]}"; do
        "$tool" --complete >table
        assert [ -s table ]
        while IFS=$'\t' read -r _ option kind _ names _; do
            [[ $kind == text || $kind == names ]] && [ "$option" != - ] || continue
            if takes "$tool" "$option" '?'; then continue; fi
            # What the refusal names, but not what is a number.
            read -r -a words < <(sed 's/.* wanted //; s/[],[();]/ /g' told)
            if [ "$kind" = text ]; then
                ! grep -q 'wanted one of' told || fail "$tool $option: $(<told): completions do not offer these"
                continue
            fi
            count=$((count + 1))
            for name in $names; do
                case $name in step:) takes "$tool" "$option" step:1:1 ;; *) takes "$tool" "$option" "${name/%:/:1}" ;; esac ||
                    fail "$tool $option: completions offer $name: $(<told)"
            done
            for name in "${words[@]}"; do
                ! is_number "$name" && takes "$tool" "$option" "$name" || continue
                [[ " $names " == *" ${name/%:*/:} "* || " $names " == *" ${name%:*} "* ]] ||
                    fail "$tool $option: takes $name, which completions do not offer"
            done
        done <table
    done
    assert [ "$count" -ge 18 ]
    for name in $(vae2c --complete | awk -F '\t' '$2 == "-" { print $5 }'); do
        fails 1 'vae2c: none: cannot open' vae2c -m none "$name"
    done
    assert_equal "$(vae2onnx --complete | tail -n 1 | cut -f 3,5)" $'names\tencoder decoder'
    assert_equal "$(vae-sample --complete | tail -n 1 | cut -f 3,5)" $'names\t-'
}

# offered WORD...: what bash offers for the last word, in the order of the table, or "files".
offered() {
    untraced offered_by_bash "$@"
}
offered_by_bash() (
    # shellcheck disable=SC2317 # _vaeutils calls it
    compopt() { [ "$*" != '-o default' ] || COMPREPLY=(files); }
    # shellcheck source=/dev/null
    source "$VAE_BUILD/completion/vaeutils"
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _vaeutils
    printf '%s\n' "${COMPREPLY[*]}"
)

# offers TOOL: bash completes each option of the tool, and the argument of each.
offers() {
    local letter option kind names every=() wanted found
    while IFS=$'\t' read -r letter option kind _ names _; do
        [ "$letter" = - ] || every+=("$letter")
        [ "$option" != - ] || continue
        every+=("$option")
        case $kind in
        file) wanted=files ;;
        names) wanted=$names ;;
        text) wanted= ;;
        none) continue ;; # an operand may follow
        esac
        found=$(offered "$1" "$option" '')
        [ "$found" = "$wanted" ] || fail "$1 $option: found $found, wanted $wanted" || return
        [ "$letter" = - ] || [ "$(offered "$1" "$letter" '')" = "$wanted" ] || fail "$1 $letter" || return
    done < <("$1" --complete)
    found=$(offered "$1" -)
    [[ -n $found && $found == "${every[*]}" ]] || fail "$1: found $found, wanted ${every[*]}"
}

@test "bash offers every option of each tool, its names after an option that has names, and files after one that has a file" {
    local tool
    for tool in "${TOOLS[@]}"; do untraced offers "$tool"; done
}

@test "bash tells options, their arguments and operands apart" {
    assert_equal "$(offered vae-train -q '')" files
    assert_equal "$(offered vae-train -m model.bin '')" files
    assert_equal "$(offered vae-train --binarize = s)" sample
    assert_equal "$(offered vae-train --binarize =)" 'none threshold sample'
    assert_empty "$(offered vae-train --prior vamp : '')"
    assert_empty "$(offered vae-train --prior vamp :)"
    assert_equal "$(offered vae2c -m model.bin '')" 'encoder decoder'
    assert_equal "$(offered vae2c -m model.bin --)" "$(offered vae2c --)"
    assert_equal "$(offered vae2c -m model.bin -- '')" 'encoder decoder'
    assert_empty "$(offered vae2c -- -)"
    assert_equal "$(offered vae-train -- -a '')" files
    assert_equal "$(offered vae-sample --qu)" --quiet
    assert_empty "$(offered vae-sample '')"
    # An operand that is standard input; an option that is none; a tool that is not there.
    assert_equal "$(offered raw-cmp - '')" files
    assert_equal "$(offered raw-cmp --nonsense '')" files
    assert_empty "$(offered /none/raw-cmp -)"
    ln -s "$VAE_BUILD" built
    # shellcheck disable=SC2088 # the shell that completes gives the word as it is
    assert_equal "$(HOME=$PWD offered '~/built/vae-train' -a g)" 'gelu gated'
}
