# SPDX-License-Identifier: MIT
# An ONNX file without its libraries: what the tests of vae2onnx hold its writer against. Fields are those of
# onnx/onnx.proto3; one that is not known here, and a length that does not fit, are errors.
#
#   perl onnx.pl show <FILE        a line per thing: its kind, then its fields, with tabs between them
#   perl onnx.pl raw NAME <FILE    the bytes of an initializer
use strict;
use warnings;

# Message -> number of a field -> its name and its kind: a number, text, or another message.
my %fields = (
    model => {1 => [ir => "number"], 2 => [producer => "text"], 3 => [version => "text"], 6 => [doc => "text"],
        7 => [graph => "graph"], 8 => [opset => "opset"], 14 => [metadata => "entry"]},
    opset => {2 => [version => "number"]},
    entry => {1 => [key => "text"], 2 => [value => "text"]},
    graph => {1 => [node => "node"], 2 => [name => "text"], 5 => [initializer => "tensor"], 11 => [input => "value"],
        12 => [output => "value"]},
    node => {1 => [input => "text"], 2 => [output => "text"], 3 => [name => "text"], 4 => [type => "text"],
        5 => [attribute => "attribute"]},
    attribute => {1 => [name => "text"], 3 => [i => "number"], 4 => [s => "text"], 6 => [g => "graph"], 8 => [ints => "number"],
        20 => [type => "number"]},
    tensor => {1 => [dims => "number"], 2 => [type => "number"], 8 => [name => "text"], 9 => [raw => "text"]},
    value => {1 => [name => "text"], 2 => [type => "type"], 3 => [doc => "text"]},
    type => {1 => [tensor => "tensor_type"]},
    tensor_type => {1 => [type => "number"], 2 => [shape => "shape"]},
    shape => {1 => [dim => "dim"]},
    dim => {1 => [value => "number"], 2 => [param => "text"]},
);

# A number of seven bits per byte at $_[1] of $_[0], which then is after it.
sub varint {
    my ($value, $shift) = (0, 0);
    while (1) {
        $_[1] < length $_[0] && $shift < 64 or die "a number is cut short\n";
        my $byte = ord substr $_[0], $_[1]++, 1;
        $value |= ($byte & 0x7f) << $shift;
        return $value if $byte < 0x80;
        $shift += 7;
    }
}

# A message: name of a field -> its values in order.
sub parse {
    my ($kind, $bytes, %found) = @_;
    for (my $at = 0; $at < length $bytes;) {
        my $key = varint($bytes, $at);
        my $field = $fields{$kind}{$key >> 3} or die "$kind: field ", $key >> 3, "\n";
        my ($name, $type) = @$field;
        ($key & 7) == ($type eq "number" ? 0 : 2) or die "$kind: $name of kind ", $key & 7, "\n";
        my $value = varint($bytes, $at);
        if ($type ne "number") {
            $at + $value <= length $bytes or die "$kind: $name is cut short\n";
            (my $part, $at) = (substr($bytes, $at, $value), $at + $value);
            $value = $type eq "text" ? $part : parse($type, $part);
        }
        push @{$found{$name}}, $value;
    }
    return \%found;
}

# The one value of a field.
sub one {
    my ($message, $name) = @_;
    my @values = @{$message->{$name} // []};
    @values == 1 or die "$name: ", scalar @values, ", wanted 1\n";
    return $values[0];
}

sub list { @{$_[0]{$_[1]} // []} }

sub signed { map { unpack "q", pack "Q", $_ } @_ }

sub attribute {
    my ($a) = @_;
    my $type = one($a, "type");
    my $value = $type == 2 ? join ",", signed(one($a, "i"))
        : $type == 3 ? one($a, "s")
        : $type == 5 ? one(one($a, "g"), "name")
        : $type == 7 ? join ",", signed(@{$a->{ints}})
        :              die "attribute of type $type\n";
    return one($a, "name") . "=$value";
}

sub show_value {
    my ($kind, $v) = @_;
    my $tensor = one(one($v, "type"), "tensor");
    my @dims = map { $_->{param} ? one($_, "param") : one($_, "value") } map { list($_, "dim") } list($tensor, "shape");
    print join("\t", $kind, one($v, "name"), one($tensor, "type"), join("x", @dims), list($v, "doc")), "\n";
}

# The inputs of a node's body are made before its nodes, and its outputs by then.
sub show_graph {
    my ($graph, $in, $out) = @_;
    show_value($in, $_) for list($graph, "input");
    show_value($out, $_) for list($graph, "output");
    for my $t (list($graph, "initializer")) {
        print join("\t", "initializer", one($t, "name"), one($t, "type"), join("x", list($t, "dims")), length one($t, "raw")), "\n";
    }
    for my $n (list($graph, "node")) {
        my @bodies = map { list($_, "g") } list($n, "attribute");
        show_graph($_, "body-input", "body-output") for @bodies;
        print join("\t", "node", one($n, "type"), join(",", list($n, "input")), join(",", list($n, "output")), map { attribute($_) } list($n, "attribute")), "\n";
    }
}

sub show {
    my ($model) = @_;
    my $graph = one($model, "graph");
    print "ir\t", one($model, "ir"), "\nopset\t", one(one($model, "opset"), "version"), "\n";
    print join("\t", "producer", one($model, "producer"), one($model, "version")), "\n";
    print "doc\t", one($model, "doc"), "\ngraph\t", one($graph, "name"), "\n";
    show_graph($graph, "input", "output");
    print join("\t", "metadata", one($_, "key"), one($_, "value")), "\n" for @{$model->{metadata}};
}

my ($command, $name) = @ARGV;
local $/;
binmode STDIN;
binmode STDOUT;
my $model = parse("model", <STDIN>);
if ($command eq "raw") {
    my $graph = one($model, "graph");
    my @bodies = map { list($_, "g") } map { list($_, "attribute") } list($graph, "node");
    my @found = grep { one($_, "name") eq $name } map { list($_, "initializer") } $graph, @bodies;
    @found == 1 or die "$name: ", scalar @found, " initializers\n";
    print one($found[0], "raw");
} else {
    show($model);
}
