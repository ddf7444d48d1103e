using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace Mallgram.Files.Images;

/// <summary>The few widths pictures are served in, and how AliExpress's and Alibaba's own servers are asked for them.</summary>
internal sealed partial class ImageSizes(IOptions<FilesOptions> options)
{
    private const int DefaultWidth = 640;

    // Each width with the nearest size that the supplier's servers keep ready.
    private static readonly (int Width, int SupplierSize)[] Widths = [(160, 220), (320, 350), (640, 640), (1024, 960)];
    private static readonly string[] SupplierHosts = [".alicdn.com", ".aliexpress-media.com"];

    private readonly string[] _sizedByHost = [.. SupplierHosts, .. options.Value.Images.SizedByHost];

    /// <summary>The smallest width that is at least the one asked for. Few widths, so that caches are hit.</summary>
    /// <param name="saveData">The client saves data (<c>Save-Data: on</c>): the smallest, whatever was asked for.</param>
    public static int Snap(int? asked, bool saveData)
    {
        if (saveData)
        {
            return Widths[0].Width;
        }

        foreach (var (width, _) in Widths)
        {
            if ((asked ?? DefaultWidth) <= width)
            {
                return width;
            }
        }

        return Widths[^1].Width;
    }

    /// <summary>
    /// Addresses of a supplier's own smaller copies, the lightest first: <c>….jpg</c> becomes <c>….jpg_640x640q75.jpg_.webp</c> and
    /// <c>….jpg_640x640.jpg</c>, as AliExpress's own pages ask for. A size that the source has already is replaced.
    /// </summary>
    /// <returns>None when the host is not known to have such copies.</returns>
    public Uri[] SupplierCopies(Uri source, int width)
    {
        if (!Array.Exists(_sizedByHost, entry => Matches(entry, source))
            || Picture().Match(source.AbsolutePath) is not { Success: true } match)
        {
            return [];
        }

        var size = Array.Find(Widths, w => w.Width == width).SupplierSize;
        var (picture, extension) = (match.Groups["picture"].Value, match.Groups["extension"].Value);
        return
        [
            At(string.Create(CultureInfo.InvariantCulture, $"{picture}_{size}x{size}q75{extension}_.webp")),
            At(string.Create(CultureInfo.InvariantCulture, $"{picture}_{size}x{size}{extension}")),
        ];

        Uri At(string path) => new UriBuilder(source) { Path = path, Query = "" }.Uri;
    }

    private static bool Matches(string entry, Uri source)
    {
        var slash = entry.IndexOf('/', StringComparison.Ordinal);
        var (host, path) = slash < 0 ? (entry, "/") : (entry[..slash], entry[slash..]);
        var actual = host.Contains(':', StringComparison.Ordinal) ? $"{source.Host}:{source.Port}" : source.Host;
        return source.AbsolutePath.StartsWith(path, StringComparison.Ordinal)
            && (host.StartsWith('.')
                ? actual.EndsWith(host, StringComparison.OrdinalIgnoreCase)
                : string.Equals(host, actual, StringComparison.OrdinalIgnoreCase));
    }

    [GeneratedRegex(
        @"^(?<picture>.+?(?<extension>\.(?:jpe?g|png)))(?:_[0-9a-z.x_]*)?$",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 100)]
    private static partial Regex Picture();
}
