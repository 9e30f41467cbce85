// A program that stands in the sidecar's place and answers without its kernel sending one packet that is its own: room for
// no handshake, so that the kernel answers by cookies; a socket filter that does not hear the packet filter's resets; and
// what it wrote is sent again after it closed, when the socket is nobody's any more.

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
