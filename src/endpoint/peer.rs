//! Whose socket is at the other end of a connection, where the system tells that.

use std::net::SocketAddr;

#[cfg(target_os = "linux")]
mod diag {
    use std::{
        net::{IpAddr, SocketAddr},
        os::fd::AsRawFd as _,
    };

    use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket};

    /// `SOCK_DIAG_BY_FAMILY`.
    const BY_FAMILY: u16 = 20;
    /// `NLM_F_REQUEST`.
    const REQUEST: u16 = 1;
    /// The length of a request, and of an answer up to the fields that are read.
    const REQUEST_BYTES: usize = 72;
    const ANSWER_BYTES: usize = 88;

    /// The user of the socket at `near` that is connected to `far`, both addresses of IPv4: what the kernel answers by
    /// sock_diag(7), in some microseconds. (`/proc/net/tcp` takes milliseconds where there are thousands.)
    pub(super) fn user(near: SocketAddr, far: SocketAddr) -> Option<u32> {
        let request = request(near, far)?;
        let flags = SockFlag::SOCK_CLOEXEC;
        let kernel = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkSockDiag).ok()?;
        send(kernel.as_raw_fd(), &request, MsgFlags::empty()).ok()?;
        let mut answer = [0; 512];
        let length = recv(kernel.as_raw_fd(), &mut answer, MsgFlags::MSG_DONTWAIT).ok()?;
        read(answer.get(..length)?, &request)
    }

    /// A `struct nlmsghdr`, and a `struct inet_diag_req_v2` for one socket of TCP in any state.
    fn request(near: SocketAddr, far: SocketAddr) -> Option<[u8; REQUEST_BYTES]> {
        let (IpAddr::V4(source), IpAddr::V4(destination)) = (near.ip(), far.ip()) else { return None };
        let mut request = [0; REQUEST_BYTES];
        request[..4].copy_from_slice(&u32::try_from(REQUEST_BYTES).ok()?.to_ne_bytes());
        request[4..6].copy_from_slice(&BY_FAMILY.to_ne_bytes());
        request[6..8].copy_from_slice(&REQUEST.to_ne_bytes());
        let [family, protocol] = [nix::libc::AF_INET, nix::libc::IPPROTO_TCP].map(u8::try_from);
        (request[16], request[17]) = (family.ok()?, protocol.ok()?);
        request[20..24].fill(0xff);
        request[24..26].copy_from_slice(&near.port().to_be_bytes());
        request[26..28].copy_from_slice(&far.port().to_be_bytes());
        request[28..32].copy_from_slice(&source.octets());
        request[44..48].copy_from_slice(&destination.octets());
        // No cookie is known (`INET_DIAG_NOCOOKIE`).
        request[64..].fill(0xff);
        Some(request)
    }

    /// The user in a `struct inet_diag_msg`. One that was closed has no inode any more, and is said to be root's.
    fn read(answer: &[u8], request: &[u8; REQUEST_BYTES]) -> Option<u32> {
        let field = |at: usize| answer.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes);
        let is_answer = answer.len() >= ANSWER_BYTES && answer[4..6] == BY_FAMILY.to_ne_bytes();
        let is_same = is_answer && answer[20..24] == request[24..28];
        field(84).filter(|inode| is_same && *inode != 0).and_then(|_| field(80))
    }
}

/// Whether the socket at `near` that is connected to `far` is known to be this user's, or root's.
pub(super) fn is_own(near: SocketAddr, far: SocketAddr) -> bool {
    #[cfg(target_os = "linux")]
    let user = diag::user(near, far);
    #[cfg(not(target_os = "linux"))]
    let user = None::<u32>;
    user.is_some_and(|user| user == 0 || user == nix::unistd::geteuid().as_raw())
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_socket_is_its_users_until_it_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let here = listener.local_addr().expect("an address");
        let near = TcpStream::connect(here).expect("connected");
        let peer = near.local_addr().expect("an address");
        let (far, _) = listener.accept().expect("accepted");
        assert!(is_own(peer, here) && is_own(here, peer));
        near.shutdown(std::net::Shutdown::Write).expect("half closed");
        assert!(is_own(peer, here), "it still waits for an answer");
        drop(near);
        assert!(!is_own(peer, here), "it is nobody's");
        assert!(is_own(here, peer));
        drop(far);
        // What listens there is no end of a connection.
        assert!(!is_own(here, peer) && !is_own(here, here));
    }
}
