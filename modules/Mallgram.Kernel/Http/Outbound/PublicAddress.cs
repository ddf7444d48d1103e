using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Mallgram.Kernel.Http.Outbound;

/// <summary>
/// Which IP addresses belong to the public internet. Sources: IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890).
/// </summary>
public static class PublicAddress
{
    private static readonly (uint Network, int Bits)[] NotPublic =
    [
        (0x00000000, 8),    // 0.0.0.0/8 this network
        (0x0A000000, 8),    // 10.0.0.0/8 private
        (0x64400000, 10),   // 100.64.0.0/10 carrier-grade NAT; Alibaba's metadata service
        (0x7F000000, 8),    // 127.0.0.0/8 loopback
        (0xA9FE0000, 16),   // 169.254.0.0/16 link-local; the metadata services of most clouds
        (0xA83F8110, 32),   // 168.63.129.16 Azure's host services, on an address of the public range
        (0xAC100000, 12),   // 172.16.0.0/12 private
        (0xC0000000, 24),   // 192.0.0.0/24 protocol assignments; Oracle's metadata service
        (0xC0000200, 24),   // 192.0.2.0/24 documentation
        (0xC0586300, 24),   // 192.88.99.0/24 6to4 relays
        (0xC0A80000, 16),   // 192.168.0.0/16 private
        (0xC6120000, 15),   // 198.18.0.0/15 benchmarks
        (0xC6336400, 24),   // 198.51.100.0/24 documentation
        (0xCB007100, 24),   // 203.0.113.0/24 documentation
        (0xE0000000, 3),    // 224.0.0.0/3 multicast, reserved, broadcast
    ];

    /// <summary>
    /// False for private, loopback, link-local, carrier-grade NAT, multicast, reserved and metadata addresses, and for IPv6 forms that hold
    /// an IPv4 address (mapped, compatible, 6to4, Teredo, NAT64, ISATAP): what those reach is decided elsewhere.
    /// </summary>
    public static bool IsPublic(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (!address.TryWriteBytes(bytes, out var length))
        {
            return false;
        }

        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            var value = BinaryPrimitives.ReadUInt32BigEndian(bytes[..length]);
            foreach (var (network, bits) in NotPublic)
            {
                if ((value ^ network) >> (32 - bits) == 0)
                {
                    return false;
                }
            }

            return true;
        }

        // Of IPv6 only 2000::/3 is global unicast; loopback, mapped, NAT64, unique local, link-local and multicast lie outside.
        return (bytes[0] & 0xE0) == 0x20
            && !(bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] < 0x02)                         // 2001::/23 protocol assignments, Teredo
            && !(bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x0D && bytes[3] == 0xB8)    // 2001:db8::/32 documentation
            && !(bytes[0] == 0x20 && bytes[1] == 0x02)                                            // 2002::/16 6to4
            && !(bytes[0] == 0x3F && bytes[1] == 0xFF && (bytes[2] & 0xF0) == 0)                  // 3fff::/20 documentation
            && !((bytes[8] & 0xFD) == 0 && bytes[9] == 0 && bytes[10] == 0x5E && bytes[11] == 0xFE);  // ISATAP, RFC 5214
    }
}
