# Signs and verifies with Mail::DKIM; see dkimpy.py for the arguments and the lines.
use strict;
use warnings;

$| = 1;
unless (eval { require Mail::DKIM::Signer; require Mail::DKIM::Verifier; require Mail::DKIM::PublicKey; 1 }) {
    print "missing\n";
    exit 0;
}
my $ed = eval { require Mail::DKIM::Algorithm::ed25519_sha256; require Crypt::PK::Ed25519; 1 };
print $ed ? "ready rsa ed25519\n" : "ready rsa\n";

my ($records, $rsa) = @ARGV;
my %records;
open my $f, '<', $records or die;
while (<$f>) { chomp; my ($name, $text) = split /\t/, $_, 2; $records{$name} = $text }
close $f;

{
    no warnings 'redefine';
    *Mail::DKIM::PublicKey::fetch_async = sub {
        my ($class, %p) = @_;
        my $done = ($p{Callbacks} || {})->{Success} || sub { $_[0] };
        my $text = $records{"$p{Selector}._domainkey.$p{Domain}"};
        return sub { $done->() } unless defined $text;
        my $key = $class->parse($text);
        @$key{qw(Selector Domain)} = @p{qw(Selector Domain)};
        $key->check;
        return sub { $done->($key) };
    };
}

sub slurp { open my $f, '<:raw', $_[0] or die "$_[0]: $!"; local $/; my $s = <$f>; return $s }

while (my $line = <STDIN>) {
    my ($word, $path, $algorithm, $header, $body, $output) = split ' ', $line;
    my $message = slurp($path);
    if ($word eq 'verify') {
        my $detail = eval {
            my $v = Mail::DKIM::Verifier->new;
            $v->PRINT($message);
            $v->CLOSE;
            $v->result_detail;
        } // "error $@";
        print STDERR "$path: $detail\n" unless $detail =~ /^pass/;
        print "$path ", ($detail =~ /^pass/ ? 'pass' : 'fail'), "\n";
        next;
    }
    my $error = '';
    eval {
        my $s = Mail::DKIM::Signer->new(
            Algorithm => "$algorithm-sha256", Method => "$header/$body", Domain => 'example.com',
            Selector => $algorithm, KeyFile => $rsa, Headers => 'Subject:Date');
        $s->PRINT($message);
        $s->CLOSE;
        open my $out, '>:raw', $output or die;
        my $field = $s->signature->as_string;
        $field =~ s/\r?\n/\r\n/g;
        print $out "$field\r\n$message";
        close $out or die;
        1;
    } or $error = $@;
    $error =~ s/\s+/ /g;
    print $output, ($error ? " error $error" : ' ok'), "\n";
}
