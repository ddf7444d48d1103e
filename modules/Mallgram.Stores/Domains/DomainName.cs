using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace Mallgram.Stores.Domains;

/// <summary>Host names that a store may claim: public DNS names, in their ASCII form.</summary>
internal static partial class DomainName
{
    private static readonly IdnMapping Idn = new() { UseStd3AsciiRules = true };

    /// <returns>Lower-case ASCII (Punycode) form; null for addresses, single labels, ports, paths and names that DNS does not allow.</returns>
    public static string? Normalise(string? host)
    {
        if (string.IsNullOrWhiteSpace(host) || host.Length > 253)
        {
            return null;
        }

        try
        {
            var ascii = Idn.GetAscii(host.Trim().TrimEnd('.')).ToLowerInvariant();
            return ascii.Length <= 253 && Name().IsMatch(ascii) && !IPAddress.TryParse(ascii, out _) ? ascii : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    // RFC 1035 section 2.3.1 with the leading digits of RFC 1123; the last label has a letter, or it would be an address.
    [GeneratedRegex(
        @"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+(?=[a-z0-9-]*[a-z])[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\z",
        RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Name();
}
