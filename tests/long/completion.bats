#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Completions of bash and zsh at a terminal, from the files that `make install` installs.
load ../helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# typed SHELL KEYS...: writes to the file lines what each of the KEYS makes at the shell's terminal. The shell makes the
# file ready before its prompt, and at ^X writes the line to the file line and begins another one.
typed() {
    local keys
    rm -f ready lines
    mkfifo keys
    timeout 30 script -qec "$1" /dev/null <keys >screen &
    exec 4>keys
    await [ -e ready ]
    for keys in "${@:2}"; do
        rm -f line
        printf '%b\030' "$keys" >&4
        await [ -s line ]
        cat line >>lines
    done
    printf 'exit\r' >&4
    exec 4>&-
    wait $!
    rm keys
}

@test "bash completes at a terminal, from the file that it finds by the tool's name" {
    make -s -C "$ROOT" BUILD="$VAE_BUILD" PREFIX="$PWD/root" install >/dev/null
    touch model.bin 'my data.raw'
    cat >rc <<END
PATH=$VAE_BUILD:\$PATH PS1='$ ' PROMPT_COMMAND=': >ready'
source root/share/bash-completion/completions/vae-train
dump() { printf '%s\n' "\$READLINE_LINE" >line; READLINE_LINE= READLINE_POINT=0; }
bind -x '"\C-x": dump'
END
    typed 'bash --noprofile --rcfile rc -i' 'vae-train --activ\tgat\t|' 'vae-train --prior=v\t50' 'vae-encode -m mo\tmy\t|' \
        'vae2onnx -m model.bin e\t|'
    diff lines - <<'END'
vae-train --activation gated |
vae-train --prior=vamp:50
vae-encode -m model.bin my\ data.raw |
vae2onnx -m model.bin encoder |
END
    # bash-completion finds the file when the first completion of the tool is asked for.
    [ -e /usr/share/bash-completion/bash_completion ] || skip 'wants bash-completion for the last part (apt-get install bash-completion)'
    sed -i 's,^source .*,source /usr/share/bash-completion/bash_completion,' rc
    XDG_DATA_DIRS=$PWD/root/share typed 'bash --noprofile --rcfile rc -i' 'raw-cmp --r\t|'
    assert_equal "$(<lines)" 'raw-cmp --rel |'
}

@test "zsh completes at a terminal, from the function that compinit finds" {
    command -v zsh >/dev/null || skip 'wants zsh (apt-get install zsh)'
    make -s -C "$ROOT" BUILD="$VAE_BUILD" PREFIX="$PWD/root" install >/dev/null
    touch model.bin 'my data.raw'
    cat >.zshrc <<END
PATH=$VAE_BUILD:\$PATH fpath=(\$PWD/root/share/zsh/site-functions \$fpath)
autoload -Uz compinit && compinit -u -D
dump() { print -r -- "\$BUFFER" >line; BUFFER= }
zle -N dump && bindkey '^X' dump
zle -C all complete-word _generic && bindkey '^T' all
zstyle ':completion:all:*' completer _all_matches _complete
zstyle ':completion:all:*' insert yes
precmd() { : >ready }
END
    # ^T puts in all that there is.
    ZDOTDIR=$PWD typed 'zsh -i' 'vae-train --activ\tgat\t' 'vae-train -a \024' 'vae-train --prior v\t50' \
        'vae-encode -m mo\tmy\t' 'vae2c -m model.bin \024' 'vae-sample --gr\tmo\t|' 'vae-sample -q mo\t|' 'vae-encode -q --qui\t|'
    diff lines - <<'END'
vae-train --activation=gated 
vae-train -a elu gated gelu relu silu softplus tanh 
vae-train --prior vamp:50
vae-encode -m model.bin my\ data.raw 
vae2c -m model.bin decoder encoder 
vae-sample --grid=mo|
vae-sample -q mo|
vae-encode -q --qui|
END
}
