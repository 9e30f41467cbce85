// Programs around a kernel that answers by cookies. One stands in the sidecar's place and answers without its kernel sending
// one packet that is its own: room for no handshake, so that the kernel answers by cookies; a socket filter that does not hear
// the packet filter's resets; and what it wrote is sent again after it closed, when the socket is nobody's any more. The other
// calls, and helps it.

const source = String.raw`
use Socket qw(:DEFAULT IPPROTO_IPV6 IN6ADDR_ANY);
$| = 1;
socket(my $door, PF_INET6, SOCK_STREAM, 0) or die $!;
setsockopt($door, SOL_SOCKET, SO_REUSEADDR, 1) or die $!;
# SO_ATTACH_FILTER: drop what has the RST flag, take all else.
my $program = pack('(SCCL)5', 0x30,0,0,13, 0x54,0,0,4, 0x15,0,1,0, 6,0,0,0xffffffff, 6,0,0,0);
setsockopt($door, SOL_SOCKET, 26, pack('S x6 P', 5, $program)) or die $!;
bind($door, pack_sockaddr_in6($ARGV[0], IN6ADDR_ANY)) or die $!;
listen($door, 0) or die $!;
print qq({"says":"listening"}\n);
while (accept(my $caller, $door)) { syswrite($caller, 'impostor'); close $caller }
`

/** Says when it listens. It is to run as root: not every kernel gives others a socket filter. */
export const answersByCookies = (port: number): string[] => ['perl', '-e', source, String(port)]

const unread = String.raw`
use Socket qw(:DEFAULT IPPROTO_IPV6 IN6ADDR_ANY);
$| = 1;
socket(my $door, PF_INET6, SOCK_STREAM, 0) or die $!;
setsockopt($door, SOL_SOCKET, SO_REUSEADDR, 1) or die $!;
bind($door, pack_sockaddr_in6($ARGV[0], IN6ADDR_ANY)) or die $!;
listen($door, 16) or die $!;
print qq({"says":"listening"}\n);
accept(my $caller, $door);
syswrite($caller, 'sidecar');
# Until what the caller says is there, and stays unread.
recv($caller, my $seen, 1, MSG_PEEK);
print qq({"note":{}}\n);
sleep;
`

/** Says when it listens, greets one caller, notes that bytes of theirs are there, and never reads them. */
export const leavesUnread = (port: number): string[] => ['perl', '-e', unread, String(port)]

const repeats = String.raw`
use Socket;
$| = 1;
my ($source, $target, $port, $from) = @ARGV;
my ($me, $pod, $begin) = (inet_aton($source), inet_aton($target), 1000);
my ($syn, $ack, $answer) = (2, 16, 18);
socket(my $out, AF_INET, SOCK_RAW, 255) or die $!;
socket(my $in, 17, SOCK_RAW, unpack('S', pack('n', 0x0800))) or die $!;
sub checksum {
  my $sum = 0;
  $sum += $_ for unpack('n*', length($_[0]) % 2 ? $_[0] . "\0" : $_[0]);
  $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16;
  return ~$sum & 0xffff;
}
sub says {
  my ($from, $flags, $seq, $acknowledged, $words) = @_;
  my $tcp = pack('nnNNCCnnn', $from, $port, $seq, $acknowledged, 5 << 4, $flags, 65535, 0, 0) . $words;
  substr($tcp, 16, 2) = pack('n', checksum(pack('a4a4CCn', $me, $pod, 0, 6, length $tcp) . $tcp));
  my $ip = pack('CCnnnCCna4a4', 0x45, 0, 20 + length $tcp, 0, 0, 64, 6, 0, $me, $pod);
  send($out, $ip . $tcp, 0, sockaddr_in(0, $pod)) or die $!;
}
# The next packet to us for which it is so; nothing after so many seconds.
sub hears {
  my ($seconds, $wanted) = @_;
  for (my $end = time + $seconds; time < $end;) {
    vec(my $ready = '', fileno($in), 1) = 1;
    next unless select($ready, undef, undef, 0.2);
    recv($in, my $frame, 65535, 0);
    my $ip = substr($frame, 14);
    next unless substr($ip, 9, 1) eq "\6" and substr($ip, 12, 8) eq $pod . $me;
    my $tcp = substr($ip, 20, unpack('n', substr($ip, 2, 2)) - 20);
    my (undef, $to, $seq, undef, $size, $flags) = unpack('nnNNCC', $tcp);
    my $packet = { to => $to, seq => $seq, flags => $flags, words => substr($tcp, ($size >> 4) * 4) };
    return $packet if $wanted->($packet);
  }
}
says($from, $syn, $begin, 0, '');
my $cookie = hears(3, sub { $_[0]{flags} == $answer });
print qq({"says":"listening"}\n);
print '{"got":"', $cookie ? 'handshake' : '', qq("}\n);
my $handshake = $cookie ? $cookie->{seq} + 1 : $begin;
says($from, $ack, $begin + 1, $handshake, '');
hears(2, sub { $_[0]{words} ne '' });
says($from, $ack, $begin + 1, $handshake, 'unread');
<STDIN>;
# Who listens by now is to answer by cookies as well, or takes none.
says($from + 1, $syn, $begin, 0, '');
hears(1, sub { $_[0]{to} == $from + 1 });
says($from, $ack, $begin + 1, $handshake, '');
my $got = hears(5, sub { $_[0]{to} == $from && $_[0]{words} ne '' });
print '{"got":"', $got ? $got->{words} : '', qq("}\n);
`

/**
 * Calls from an address that is no host's, so that no kernel answers for it, and goes on once it is told a line: it repeats the
 * acknowledgement of its handshake. Says whether it got one, and what it got then.
 */
export const repeatsAcknowledgement = (source: string, target: string, port: number, from: number) => [
  'perl',
  '-e',
  repeats,
  ...[source, target, port, from].map(String),
]
