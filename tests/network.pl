# SPDX-License-Identifier: MIT
# What the encoder and the decoder of a model file compute, written from vae-train(1), under Networks, and vae-model(5)
# without the library. The items are pictures, without labels and missing elements.
#
#   perl network.pl encode MODEL <ITEMS >MEANS      the means of q(z|x) of a stream of one frame, u8 or f32
#   perl network.pl decode MODEL <LATENTS >OUTPUT   the decoder's output
use strict;
use warnings;

local $/;
my ($part, $path) = @ARGV;
open my $file, "<:raw", $path or die "$path: $!\n";
my $model = <$file>;
my $head = substr $model, 8, unpack "Q<", $model;
my %metadata = $head =~ /"(\w+)":"([^"]*)"/g;
my ($height, $width, $channels) = (split(/x/, $metadata{item_shape}), 1);

sub tensor {
    $head =~ /"\Q$_[0]\E":\{[^}]*"data_offsets":\[(\d+),(\d+)\]/ or die "$path: no $_[0]\n";
    return unpack "f<*", substr $model, 8 + length($head) + $1, $2 - $1;
}

sub activated {
    my @x = @_;
    my $name = $metadata{activation};
    return map { $_ > 0 ? $_ : 0 } @x if $name eq "relu";
    return map { $_ / (1 + exp -$_) } @x if $name eq "silu";
    return map { $x[2 * $_] / (1 + exp -$x[2 * $_ + 1]) } 0 .. $#x / 2 if $name eq "gated";
    die "$name: wanted another activation\n";
}

# A picture is [height, width, channels, numbers]; a vector has one pixel.
sub activated_picture {
    my ($h, $w, undef, $x) = @{$_[0]};
    my @y = activated(@$x);
    return [$h, $w, @y / ($h * $w), \@y];
}

sub linear {
    my ($name, $x) = @_;
    my @weight = tensor("$name.weight");
    return map { my $sum = $_; $sum += shift(@weight) * $_ for @$x; $sum } tensor("$name.bias");
}

sub convolved {
    my ($name, $picture, $kernel, $stride) = @_;
    my ($h, $w, $c, $x) = @$picture;
    my @weight = tensor("$name.weight");
    my @bias = tensor("$name.bias");
    my ($rows, $columns) = map { int(($_ + $stride - 1) / $stride) } $h, $w;
    my @y;
    for my $position (0 .. $rows * $columns - 1) {
        my $top = int($position / $columns) * $stride - int(($kernel - 1) / 2);
        my $left = $position % $columns * $stride - int(($kernel - 1) / 2);
        for my $output (0 .. $#bias) {
            my $sum = $bias[$output];
            for my $a (grep { $top + $_ >= 0 && $top + $_ < $h } 0 .. $kernel - 1) {
                for my $b (grep { $left + $_ >= 0 && $left + $_ < $w } 0 .. $kernel - 1) {
                    $sum += $weight[(($output * $c + $_) * $kernel + $a) * $kernel + $b] *
                        $x->[(($top + $a) * $w + $left + $b) * $c + $_] for 0 .. $c - 1;
                }
            }
            push @y, $sum;
        }
    }
    return [$rows, $columns, scalar @bias, \@y];
}

sub normalised {
    my ($name, $picture, $groups) = @_;
    my ($h, $w, $c, $x) = @$picture;
    my @weight = tensor("$name.weight");
    my @bias = tensor("$name.bias");
    my @y;
    for my $group (0 .. $groups - 1) {
        my @own = grep { int($_ % $c / ($c / $groups)) == $group } 0 .. $#$x;
        my ($mean, $variance) = (0, 0);
        $mean += $x->[$_] / @own for @own;
        $variance += ($x->[$_] - $mean) ** 2 / @own for @own;
        $y[$_] = ($x->[$_] - $mean) / sqrt($variance + 1e-5) * $weight[$_ % $c] + $bias[$_ % $c] for @own;
    }
    return [$h, $w, $c, \@y];
}

sub enlarged {
    my ($picture, $factor, $rows, $columns) = @_;
    my ($h, $w, $c, $x) = @$picture;
    ($rows, $columns) = ($h * $factor, $w * $factor) if !$rows;
    my @y;
    for my $i (0 .. $rows - 1) {
        for my $j (0 .. $columns - 1) {
            push @y, $x->[(int($i / $factor) * $w + int($j / $factor)) * $c + $_] for 0 .. $c - 1;
        }
    }
    return [$rows, $columns, $c, \@y];
}

sub residual {
    my ($name, $picture) = @_;
    my ($h, $w, $c, $x) = @$picture;
    my $inner = activated_picture(convolved("$name.1", activated_picture($picture), 3, 1));
    my $y = convolved("$name.2", $inner, 3, 1)->[3];
    return [$h, $w, $c, [map { $x->[$_] + $y->[$_] } 0 .. $#$x]];
}

sub hidden {
    my ($prefix, $picture) = @_;
    my @list = split /,/, $metadata{"${prefix}_hidden"};
    for my $i (0 .. $#list) {
        my $name = "$prefix.$i";
        my ($kind, @n) = split /:/, $list[$i] =~ s/^(?=\d)/linear:/r;
        if ($kind eq "linear") {
            my @y = linear($name, $picture->[3]);
            my @pixels = @n == 3 ? @n[0, 1] : (1, 1);
            $picture = [@pixels, @y / ($pixels[0] * $pixels[1]), \@y];
        }
        $picture = convolved($name, $picture, $n[1], $n[2] || 1) if $kind eq "conv";
        $picture = normalised($name, $picture, $n[0] || 8) if $kind eq "norm";
        $picture = enlarged($picture, @n) if $kind eq "up";
        $picture = residual($name, $picture) if $kind eq "resconv";
        $picture = activated_picture($picture)
            if $kind =~ /^(linear|conv|norm)$/ && ($list[$i + 1] // "") !~ /^norm/;
    }
    return ($picture, scalar @list);
}

sub encoded {
    my @x = @_;
    my ($last) = hidden("encoder", [$height, $width, $channels, \@x]);
    return linear("mu", $last->[3]);
}

# The output layer is a convolution if the last picture has as many pixels as an item.
sub decoded {
    my @z = @_;
    my ($last, $number) = hidden("decoder", [1, 1, scalar @z, \@z]);
    my $weights = () = tensor("decoder.$number.weight");
    return linear("decoder.$number", $last->[3]) if $last->[0] != $height || $last->[1] != $width;
    return @{convolved("decoder.$number", $last, sqrt($weights / $last->[2] / $channels), 1)->[3]};
}

binmode STDIN;
binmode STDOUT;
my $stream = <STDIN>;
my (undef, $type, undef, $items) = split " ", substr $stream, 0, 64;
my @numbers = $type eq "u8" ? map { $_ / 255 } unpack "x64C*", $stream : unpack "x64f<*", $stream;
my $each = @numbers / $items;
my @rows = map { [$part eq "encode" ? encoded(@numbers[$_ * $each .. ($_ + 1) * $each - 1])
                                    : decoded(@numbers[$_ * $each .. ($_ + 1) * $each - 1])] } 0 .. $items - 1;
my $shape = $part eq "encode" ? $metadata{latent} : $metadata{item_shape};
printf "%-63s\n%s", "raw1 f32 $shape $items .", pack "f<*", map { @$_ } @rows;
