#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The page of vae2html in Chromium (make browser-deps): each control, as a user would meet it, see tests/try-page.mjs.
# shellcheck disable=SC2154 # stderr is set by run
load ../helper

setup_file() {
    MODULES=$(make -s -C "$ROOT/data" path DATA=browser)
    export MODULES
    cd "$BATS_FILE_TMPDIR" || return
    idx2raw "$IMAGES" >images.raw
    idx2raw "$LABELS" >labels.raw
    vae-train -q -j 2 -m model.bin -e 20 images.raw
}

setup() {
    if ! type -P node chromium >/dev/null || [ ! -e "$MODULES/node_modules" ]; then
        skip 'wants node, chromium and its driver (make browser-deps)'
    fi
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/* .
}

# tried CHECKS RATE: page.html passes all its checks, and there are so many.
tried() {
    run --separate-stderr timeout 120 node "$ROOT/tests/try-page.mjs" "$MODULES" page.html "$2"
    [ "$status" = 0 ] || fail "$(printf "%s\n" "${lines[@]}" | grep -v "^ok ") $stderr"
    [ "${#lines[@]}" = "$1" ] || fail "${#lines[@]} checks, wanted $1"
}

@test "images and their labels, a model with all defaults" {
    vae2html -q -m model.bin --labels labels.raw images.raw >page.html
    tried 99 30
}

@test "images, a conditional model of convolutions" {
    vae-train -q -j 2 -m conditional.bin -z 8 -H conv:32:4:2,conv:64:4:2,256 -a silu -e 3 --cond labels.raw images.raw
    vae2html -q -m conditional.bin --labels labels.raw images.raw >page.html
    tried 102 10
}

@test "tiles in colour, a network of convolutions" {
    gzip -dc "$ROOT/data/sample-tiles.ppm.gz" | pnm2raw -q >tiles.raw
    vae-train -q -j 2 -m tiles.bin -z 16 -H conv:32:4:2,conv:64:4:2,conv:128:4:2,256 -a silu -e 20 -b 20 -l gaussian --sigma shared tiles.raw
    vae2html -q -m tiles.bin tiles.raw >page.html
    tried 96 10
}

@test "a table, and counts without items" {
    perl -e 'srand 1; print join(",", map { "gene $_" } 1 .. 25), "\n";
        for (1 .. 200) { my ($a, $b) = (rand, rand); print join(",", map { rand() < 0.03 ? "" : $a * sin($_) + $b * cos(2 * $_) } 1 .. 25), "\n" }' >table.csv
    csv2raw --write-names names.txt table.csv >table.raw
    vae-train -q -m table.bin -z 3 -H 50 -l gaussian --sigma shared --missing -e 60 table.raw
    vae2html -q -m table.bin --names names.txt table.raw >page.html
    tried 114 30
    { header u8 100 200 . && perl -e 'srand 2; print map { chr int(9 * rand() ** ($_ % 7)) } 1 .. 20000'; } >counts.raw
    vae-train -q -m counts.bin -z 4 -H 64 -l poisson -e 20 counts.raw
    vae2html -q -m counts.bin >page.html
    tried 113 30
}

@test "sequences of tokens" {
    for _ in {1..30}; do printf '%s\n' anna otto lena emma noah paul mila lina finn; done >names.txt
    text2raw --write-tokens tokens.txt names.txt >names.raw
    vae-train -q -m names.bin -z 3 -H 60 --tokens tokens.txt -e 100 names.raw
    vae2html -q -m names.bin names.raw >page.html
    tried 79 30
    # The text of an item is the line that it was made of.
    cat >texts.mjs <<'END'
const { open } = await import(`${process.argv[2]}/tests/browser.mjs`);
const page = await open(process.argv[3], 'page.html');
console.log(await page.evaluate(`Array.from({ length: 9 }, (_, i) => textOf(row(items, elements, i))).join('\\n')`));
await page.close();
END
    timeout 60 node texts.mjs "$ROOT" "$MODULES" | diff - <(head -n 9 names.txt)
}

@test "a model of one latent: the points lie one above the other in their order, and the manifold is one line" {
    vae-train -q -m one.bin -z 1 -H 16 -e 3 images.raw
    vae2html -q -m one.bin images.raw >page.html
    cat >one.mjs <<'END'
const { open } = await import(`${process.argv[2]}/tests/browser.mjs`);
const page = await open(process.argv[3], 'page.html');
await page.until(`document.getElementById('manifold').dataset.done === '12'`);
const places = await page.evaluate('[0, 1, pointCount - 1].map(i => map.placeOfPoint(i)[1])');
if (!(places[0] > places[1] && places[1] > places[2]))
  console.log('places', places);
if (!await page.evaluate(`document.getElementById('up-label').hidden && document.querySelectorAll('#manifold .item').length === 12`))
  console.log('not one line');
await page.click('#manifold .item:nth-child(2)');
const [z, wanted] = await page.evaluate(`[vae.state.z[0], means.slice().sort()[Math.floor(1.5 / 12 * pointCount)]]`);
if (z !== wanted)
  console.log('z', z, wanted);
console.log(page.complaints.length === 0 ? 'done' : page.complaints);
await page.close();
END
    assert_equal "$(timeout 60 node one.mjs "$ROOT" "$MODULES")" 'done'
}

@test "a browser decodes as vae-decode does" {
    vae2html -q -m model.bin >page.html
    vae-sample -n 20 -d 20 >z.raw
    vae-decode -q -m model.bin z.raw >means.raw
    cat >decode.mjs <<'END'
import { readFileSync, writeFileSync } from 'node:fs';
const { open } = await import(`${process.argv[2]}/tests/browser.mjs`);
const bytes = readFileSync('z.raw'), z = new Float32Array(bytes.buffer.slice(bytes.byteOffset + 64, bytes.byteOffset + bytes.length));
const page = await open(process.argv[3], 'page.html');
const x = await page.evaluate(`[${z}].reduce((rows, _, i, z) => i % 20 ? rows : rows.concat(vae.decode(z.slice(i, i + 20))), [])`);
writeFileSync('numbers', Buffer.from(Float32Array.from(x).buffer));
await page.close();
END
    timeout 60 node decode.mjs "$ROOT" "$MODULES"
    { header f32 28x28 20 . && cat numbers; } | raw-cmp --abs 1e-4 means.raw -
}

@test "a page that no browser could read is refused" {
    head -c 16000 /dev/zero | cat <(header u8 16000 1 .) - >one.raw
    vae-train -q -m wide.bin -H none -z 1 -e 0 one.raw
    { header f32 16000 10000 . && head -c 640000000 /dev/zero; } >many.raw
    fails 1 'vae2html: wide.bin: 10000 items of together 610 MiB, wanted at most 383, which a browser can read (-n)' \
        vae2html -q -n 10000 -m wide.bin many.raw
    vae2html -q -n 10000 -m wide.bin <(header f32 16000 6291 . && head -c 402624000 /dev/zero) >large.html
    assert [ "$(stat -c %s large.html)" -gt 536832000 ]
    rm large.html
    rm many.raw
    vae-train -q -m wide.bin -H 6400 -z 1 -e 0 one.raw
    fails 1 'vae2html: wide.bin: weights of 390 MiB, wanted at most 383, which a browser can read' vae2html -q -m wide.bin
    rm wide.bin
}
