using System.Net;

namespace Mallgram.Kernel.Http;

/// <summary>A list of addresses and networks; an empty one holds every address.</summary>
public sealed class Networks
{
    private readonly IPNetwork[] _networks;

    private Networks(IPNetwork[] networks) => _networks = networks;

    /// <param name="texts">Empty ones are left out: a variable that is set to nothing is a list of one of them.</param>
    /// <exception cref="FormatException">One of them is neither address nor network.</exception>
    public static Networks Parse(IEnumerable<string> texts) =>
        new([.. texts.Where(t => t.Length > 0).Select(t => TryParse(t, out var network) ? network : throw new FormatException($"'{t}' is no address or network."))]);

    /// <summary>Reads <c>10.0.0.0/8</c>, <c>2001:db8::/32</c> or a single address.</summary>
    public static bool TryParse(string text, out IPNetwork network)
    {
        if (IPNetwork.TryParse(text, out network))
        {
            return true;
        }

        if (!IPAddress.TryParse(text, out var address))
        {
            return false;
        }

        network = new IPNetwork(address, address.GetAddressBytes().Length * 8);
        return true;
    }

    public IReadOnlyList<IPNetwork> All => _networks;

    public bool Allows(IPAddress? address)
    {
        if (_networks.Length == 0)
        {
            return true;
        }

        var plain = address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
        return plain is not null && Array.Exists(_networks, n => n.Contains(plain));
    }
}
