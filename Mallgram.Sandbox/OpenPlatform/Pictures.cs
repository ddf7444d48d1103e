using System.Globalization;
using System.Text.RegularExpressions;

namespace Mallgram.Sandbox.OpenPlatform;

/// <summary>
/// Product pictures under <c>img/{item}-{number}.png</c>, 800 by 800; as at the suppliers' CDN (alicdn.com), <c>….png_220x220.png</c> is a
/// smaller one that fits the size, and <c>….png_220x220xz.png</c> one of exactly that size. The same address always has the same bytes.
/// </summary>
internal static partial class Pictures
{
    private const int FullSize = 800;

    public static void MapPictures(this IEndpointRouteBuilder supplier, Func<long, bool> isItem) =>
        supplier.MapGet("/img/{name}", (string name, HttpContext http) =>
        {
            if (Name().Match(name) is not { Success: true } match
                || !long.TryParse(match.Groups["item"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var item)
                || !isItem(item))
            {
                return Results.NotFound();
            }

            var number = int.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture);
            var (width, height) = (FullSize, FullSize);
            if (match.Groups["width"].Success)
            {
                width = int.Parse(match.Groups["width"].ValueSpan, CultureInfo.InvariantCulture);
                height = int.Parse(match.Groups["height"].ValueSpan, CultureInfo.InvariantCulture);
                if (width is < 10 or > 1000 || height is < 10 or > 1000)
                {
                    return Results.NotFound();
                }

                if (!match.Groups["exact"].Success)
                {
                    // Never larger than the original, and square as it is.
                    width = height = Math.Min(FullSize, Math.Min(width, height));
                }
            }

            http.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
            return Results.Bytes(PngPicture.Draw(item, number, width, height), "image/png");
        });

    /// <summary>Root of picture addresses, without a final slash: as set, or the address that the client called.</summary>
    public static string Root(HttpContext http, string configured, string provider) =>
        configured.Length > 0 ? configured : $"{http.Request.Scheme}://{http.Request.Host}/{provider}/img";

    public static string Address(string root, long item, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{root}/{item}-{number}.png");

    [GeneratedRegex(
        @"^(?<item>\d{1,19})-(?<number>\d{1,2})\.png(?:_(?<width>\d{1,4})x(?<height>\d{1,4})(?<exact>xz)?\.png)?$",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Name();
}
