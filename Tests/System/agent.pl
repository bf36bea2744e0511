#!/usr/bin/perl
# Runs inside an emulated machine, which has no network, in the one language that every Debian has and that starts
# nothing but what it is told to. Takes commands from the second serial port, one a line: arguments, with zero bytes in
# between, and input. Answers each with a line: exit status, output, errors. All but the status is hexadecimal.
use strict;
use warnings;

my ($seconds, $directory) = (180, '/run/agent');
mkdir $directory;
open my $requests, '<', '/dev/ttyS1' or die $!;
open my $answers, '>', '/dev/ttyS1' or die $!;
system qw(stty --file=/dev/ttyS1 raw -echo);
$answers->autoflush;
print $answers "ready\n";

while (my $request = <$requests>) {
    my ($arguments, $input) = map { pack 'H*', $_ } $request =~ /^(\S*) (\S*)$/;
    open my $file, '>', "$directory/input" or die $!;
    print $file $input;
    close $file;
    my $child = fork // die $!;
    if ($child == 0) {
        open STDIN, '<', "$directory/input" or die $!;
        open STDOUT, '>', "$directory/output" or die $!;
        open STDERR, '>', "$directory/errors" or die $!;
        exec 'timeout', '--kill-after=5', $seconds, split /\0/, $arguments, -1;
    }
    waitpid $child, 0;
    my $status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    print $answers join(' ', $status, map { unpack 'H*', contents("$directory/$_") } 'output', 'errors'), "\n";
}

sub contents {
    my ($path) = @_;
    local $/;
    open my $file, '<', $path or return '';
    return <$file> // '';
}
