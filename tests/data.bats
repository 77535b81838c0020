#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Pictures of data/, from small sources made here. tests/long/pictures.bats has the real ones.

load helper

# beside SCRIPT LINE...: SCRIPT of data/ in the directory scripts, with the places LINE of tiles, and directories for
# what it reads and writes.
beside() {
    mkdir -p scripts sheets out
    cp "$ROOT/data/$1" scripts
    printf '%s\n' '# sheet, left and top' "${@:2}" >scripts/tiles.txt
}

# sheet LEVEL...: a sheet of two rows, with tiles of these grey levels, as each of the three sheets.
sheet() {
    local level
    for level in "$@"; do
        awk -v level="$level" 'BEGIN { print "P2 32 32 255"; for (i = 0; i < 1024; i++) print level }'
    done | pnm2raw -q | raw2pgm -q -c 32 | pgmtoppm white | pnmtopng -quiet >sheets/wall.png
    cp sheets/wall.png sheets/floor.png
    cp sheets/wall.png sheets/feat.png
}

# pixel PICTURES X Y: red, green and blue of that pixel, one line per picture of 32x32.
pixel() {
    local red=$((($3 * 32 + $2) * 3 + 1))
    pnm2raw -q --rgb "$1" | raw2csv --no-header | cut -d , -f "$red-$((red + 2))"
}

@test "a run of tiles goes on in the next row, and a piece is placed in its tile as the table says" {
    cd "$BATS_TEST_TMPDIR"
    beside cut-tiles 'feat 960 0 32 32 0 0 3' 'feat 31 36 2 20 4 12 2' 'wall 32 0 32 32 0 0 1' 'floor 64 32 32 32 0 0 1'
    # shellcheck disable=SC2046 # a word each
    sheet $(seq 64)
    scripts/cut-tiles sheets out
    assert_equal "$(ls out)" $'feat-train.ppm\nfloor-train.ppm\nwall-test.ppm'
    run -0 pixel out/wall-test.ppm 9 9
    assert_output 2,2,2
    run -0 pixel out/floor-train.ppm 9 9
    assert_output 35,35,35
    run -0 pixel out/feat-train.ppm 4 12
    assert_output $'31,31,31\n32,32,32\n33,33,33\n33,33,33\n34,34,34'
    # The pieces are of 2x20 pixels: the first has one of each of two tiles.
    run -0 pixel out/feat-train.ppm 5 31
    assert_output $'31,31,31\n32,32,32\n33,33,33\n34,34,34\n34,34,34'
    local place
    for place in '3 12' '6 12' '4 11'; do
        # shellcheck disable=SC2086 # two numbers
        run -0 pixel out/feat-train.ppm $place
        assert_line --index 3 0,0,0
        assert_line --index 4 0,0,0
    done
}

@test "what is transparent in a tile becomes black, and what is partly so becomes darker" {
    cd "$BATS_TEST_TMPDIR"
    beside cut-tiles 'wall 0 0 32 32 0 0 1' 'floor 0 0 32 32 0 0 2' 'feat 0 0 32 32 0 0 1'
    printf 'P2 2 1 255\n0 51\n' | pamenlarge 32 >alpha.pgm
    printf 'P3 2 1 255\n200 100 50 200 100 50\n' | pamenlarge 32 | pnmtopng -quiet -alpha=alpha.pgm >sheets/floor.png
    cp sheets/floor.png sheets/wall.png
    cp sheets/floor.png sheets/feat.png
    scripts/cut-tiles sheets out
    run -0 pixel out/floor-train.ppm 31 31
    assert_output $'0,0,0\n40,20,10'
}

@test "the table has each tile once, within its sheet and within 32x32" {
    perl -lane '
        next if /^#/;
        my ($sheet, $left, $top, $w, $h, $x, $y, $n) = @F;
        $count{$sheet} += $n;
        print "beyond the tile: $_" if $x + $w > 32 || $y + $h > 32;
        for (1 .. $n) {
            print "beyond the row: $_" if $left + $w > 1024 || $top % 32 + $h > 32;
            for my $row ($top .. $top + $h - 1) {
                for my $column ($left .. $left + $w - 1) {
                    print "twice: $_" if vec $taken{$sheet}, $row * 1024 + $column, 1;
                    vec($taken{$sheet}, $row * 1024 + $column, 1) = 1;
                }
            }
            ($left, $top) = $left + 2 * $w > 1024 ? (0, $top + $h) : ($left + $w, $top);
        }
        END { print "@count{qw(wall floor feat)}" }' "$ROOT/data/tiles.txt" |
        tee "$BATS_TEST_TMPDIR/found"
    assert_equal "$(cat "$BATS_TEST_TMPDIR/found")" '1312 978 616'
}

@test "the sample of the tiles is 100 pictures in colour, all different" {
    gunzip -c "$ROOT/data/sample-tiles.ppm.gz" | pnm2raw -q >"$BATS_TEST_TMPDIR/tiles.raw"
    run -0 raw-info "$BATS_TEST_TMPDIR/tiles.raw"
    assert_line --index 1 --regexp $'^u8\t32x32x3\t100\t'
    assert_equal "$(raw2csv --no-header "$BATS_TEST_TMPDIR/tiles.raw" | sort -u | wc -l)" 100
}

@test "a bitmap of the font becomes a picture of 32x32 on white" {
    cd "$BATS_TEST_TMPDIR"
    beside draw-emoji
    # Two bitmaps to train on and one to test on. The square in the middle is half transparent.
    printf 'P2 136 128 255\n' >alpha.pgm
    awk 'BEGIN { for (y = 0; y < 128; y++) for (x = 0; x < 136; x++)
        print (x >= 36 && x < 100 && y >= 32 && y < 96 ? 51 : 0) }' >>alpha.pgm
    ppmmake -maxval=255 '#643200' 136 128 | pnmtopng -quiet -alpha=alpha.pgm >bitmap.png
    # shellcheck disable=SC2016 # the script's own variable
    printf '#!/bin/sh\nmkdir "$2/train" "$2/test"\ncp bitmap.png "$2/train/0000.png"
        cp bitmap.png "$2/train/0002.png"\ncp bitmap.png "$2/test/0001.png"\n' >scripts/emoji-bitmaps
    chmod +x scripts/emoji-bitmaps
    scripts/draw-emoji font.ttf out
    assert_equal "$(ls out)" $'test.ppm\ntrain.ppm'
    run -0 pixel out/train.ppm 8 8
    assert_output $'224,214,204\n224,214,204'
    run -0 pixel out/test.ppm 23 23
    assert_output 224,214,204
    run -0 pixel out/test.ppm 24 24
    assert_output 255,255,255
}

@test "pictures of another size are refused" {
    cd "$BATS_TEST_TMPDIR"
    beside draw-emoji
    # shellcheck disable=SC2016 # the script's own variable
    printf '#!/bin/sh\nmkdir "$2/train" "$2/test"\nppmmake red 136 64 | pnmtopng >"$2/train/0000.png"\n' \
        >scripts/emoji-bitmaps
    chmod +x scripts/emoji-bitmaps
    run -1 scripts/draw-emoji font.ttf out
    assert_line 'draw-emoji: train.ppm: found 1549 bytes, wanted 3085: a PPM picture of 32x32 for each bitmap'
}

# packager: an apt-get that makes a package with the directory root, or fails if there is none.
packager() {
    mkdir -p bin
    cat >bin/apt-get <<'END'
#!/bin/sh
for name; do :; done
echo "$*" >>"$WORK/asked"
[ -d "$WORK/root" ] || { echo 'E: Failed to fetch it' >&2; exit 100; }
mkdir -p "$WORK/root/DEBIAN"
printf 'Package: %s\nVersion: 1\nArchitecture: all\nMaintainer: a\nDescription: a\n' "$name" >"$WORK/root/DEBIAN/control"
dpkg-deb -b "$WORK/root" "${name}_1_all.deb" >/dev/null
END
    chmod +x bin/apt-get
    export WORK=$PWD PATH=$PWD/bin:$PATH XDG_CACHE_HOME="$PWD/a cache"
}

@test "other tiles, of a package that is installed or fetched, never appear under their names" {
    cd "$BATS_TEST_TMPDIR"
    packager
    mkdir -p root/usr/share/crawl/dat/tiles
    ppmmake red 1024 1344 | pnmtopng -quiet >root/usr/share/crawl/dat/tiles/wall.png
    cp root/usr/share/crawl/dat/tiles/wall.png root/usr/share/crawl/dat/tiles/floor.png
    cp root/usr/share/crawl/dat/tiles/wall.png root/usr/share/crawl/dat/tiles/feat.png
    run ! make -s -C "$ROOT/data" tiles TILES_SOURCE="$PWD/none"
    assert_line --partial 'data: tiles: cannot get the files with their published SHA-256'
    assert_line --partial 'tiles/wall-train.ppm: FAILED'
    assert_equal "$(sed 's/.* //' asked)" crawl-tiles-data
    assert_empty "$(find 'a cache' -type f)"
    mkdir 'the sheets'
    ppmmake red 32 32 | pnmtopng -quiet >'the sheets/wall.png'
    run ! make -s -C "$ROOT/data" tiles TILES_SOURCE="$PWD/the sheets"
    assert_line --partial 'data: tiles: cannot get the files with their published SHA-256'
    assert_equal "$(wc -l <asked)" 1
    assert_empty "$(find 'a cache' -type f)"
}

@test "a package that cannot be fetched is named, with what else is wanted" {
    cd "$BATS_TEST_TMPDIR"
    packager
    run ! make -s -C "$ROOT/data" tiles TILES_SOURCE=/none
    assert_line --partial 'E: Failed to fetch it'
    assert_line --partial 'wanted netpbm (make deps) and crawl-tiles-data of Debian 12 (installed or from apt-get download)'
    run ! make -s -C "$ROOT/data" emoji EMOJI_SOURCE=/none
    assert_line --partial 'wanted python3-fonttools (make emoji-deps) and netpbm (make deps) and fonts-noto-color-emoji of Debian 12'
    assert_equal "$(sed 's/.* //' asked)" $'crawl-tiles-data\nfonts-noto-color-emoji'
    assert_empty "$(find 'a cache' -type f)"
}

@test "another font gives no emoji" {
    cd "$BATS_TEST_TMPDIR"
    packager
    mkdir fonts
    echo bogus >fonts/NotoColorEmoji.ttf
    run ! make -s -C "$ROOT/data" emoji EMOJI_SOURCE="$PWD/fonts"
    assert_line --partial 'data: emoji: cannot get the files with their published SHA-256'
    assert [ ! -e asked ]
    assert_empty "$(find 'a cache' -type f)"
}
