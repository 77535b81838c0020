# SPDX-License-Identifier: MIT
# A safetensors file without the library: what the tests of the model file hold its reader and writer against.
#
#   perl safetensors.pl xxh64 <BYTES        the XXH64 of the bytes, seed 0
#   perl safetensors.pl edit CODE <IN >OUT  the file again after CODE changed $head (JSON) or $data (weights);
#                                           checksum() in CODE makes the checksum right again
#   perl safetensors.pl plain [CODE] <IN >OUT   the tensors in the order of their names and without metadata, as torch saves
#                                           them; CODE may change $tensor{NAME}{dtype,shape,bytes} and @order first
#   perl safetensors.pl verify <FILE        exit status 0 where the checksum is that of the data
use strict;
use JSON::PP;

my ($head, $data);
my ($P1, $P2, $P3, $P4, $P5) = map { unpack "Q>", pack "H16", $_ }
    qw(9E3779B185EBCA87 C2B2AE3D27D4EB4F 165667B19E3779F9 85EBCA77C2B2AE63 27D4EB2F165667C5);

sub mul { use integer; $_[0] * $_[1] }
sub add { use integer; $_[0] + $_[1] }
sub rotl { ($_[0] << $_[1]) | ($_[0] >> (64 - $_[1])) }
sub lane { mul(rotl(add($_[0], mul($_[1], $P2)), 31), $P1) }

# After the XXH64 specification, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
sub xxh64 {
    my ($bytes, $at) = ($_[0], 0);
    my $length = length $bytes;
    my $h = $P5;
    if ($length >= 32) {
        my @v = (add($P1, $P2), $P2, 0, mul($P1, -1));
        for (; $at + 32 <= $length; $at += 32) {
            my @word = unpack "Q<4", substr $bytes, $at, 32;
            @v = map { lane($v[$_], $word[$_]) } 0 .. 3;
        }
        $h = add(add(rotl($v[0], 1), rotl($v[1], 7)), add(rotl($v[2], 12), rotl($v[3], 18)));
        $h = add(mul($h ^ lane(0, $_), $P1), $P4) for @v;
    }
    $h = add($h, $length);
    for (; $at + 8 <= $length; $at += 8) {
        $h = add(mul(rotl($h ^ lane(0, unpack "Q<", substr $bytes, $at, 8), 27), $P1), $P4);
    }
    if ($at + 4 <= $length) {
        $h = add(mul(rotl($h ^ mul(unpack("L<", substr $bytes, $at, 4), $P1), 23), $P2), $P3);
        $at += 4;
    }
    for (; $at < $length; $at++) {
        $h = mul(rotl($h ^ mul(ord substr($bytes, $at, 1), $P5), 11), $P1);
    }
    $h = mul($h ^ ($h >> 33), $P2);
    $h = mul($h ^ ($h >> 29), $P3);
    $h ^= $h >> 32;
    return sprintf "%016x", $h;
}

sub checksum {
    my $sum = xxh64($data);
    $head =~ s/"xxh64":"[^"]*"/"xxh64":"$sum"/ or die "no checksum to replace\n";
}

my ($command, $code) = @ARGV;
local $/;
binmode STDIN;
binmode STDOUT;
my $all = <STDIN>;
if ($command eq "xxh64") {
    print xxh64($all), "\n";
} elsif ($command eq "verify") {
    my $length = unpack "Q<", $all;
    substr($all, 8, $length) =~ /"xxh64":"([^"]*)"/ or die "no checksum\n";
    exit($1 ne xxh64(substr $all, 8 + $length));
} elsif ($command eq "plain") {
    my $length = unpack "Q<", $all;
    my $old = decode_json(substr $all, 8, $length);
    delete $old->{__metadata__};
    our %tensor = map {
        my ($from, $to) = @{ $old->{$_}{data_offsets} };
        $_ => {%{ $old->{$_} }, bytes => substr $all, 8 + $length + $from, $to - $from};
    } keys %$old;
    our @order = sort keys %tensor;
    !defined $code or eval "$code; 1" or die $@;
    my $at = 0;
    for (@order) {
        my $t = $tensor{$_};
        $data .= $t->{bytes};
        $head .= sprintf ',"%s":{"dtype":"%s","shape":[%s],"data_offsets":[%d,%d]}', $_, $t->{dtype},
            join(",", @{ $t->{shape} }), $at, length $data;
        $at = length $data;
    }
    $head =~ s/^,/{/;
    $head .= "}";
    $head .= " " while length($head) % 8;
    print pack("Q<", length $head), $head, $data;
} else {
    my $length = unpack "Q<", $all;
    ($head, $data) = (substr($all, 8, $length), substr $all, 8 + $length);
    $head =~ s/ +$//;
    my $before = $head . $data;
    eval "$code; 1" or die $@;
    $before ne $head . $data or die "nothing was changed by: $code\n";
    $head .= " " while (8 + length $head) % 64;
    print pack("Q<", length $head), $head, $data;
}
