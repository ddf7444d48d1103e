using Mallgram.Files;
using Mallgram.Files.Images;
using Microsoft.Extensions.Options;

namespace Mallgram.Tests.Unit.Files;

public sealed class ImageAddressTests
{
    private static readonly FilesOptions Settings = new()
    {
        PublicBaseAddress = new Uri("https://api.shop.example"),
        SigningKey = "a-signing-key-for-tests-that-is-long-enough-000",
        Directory = "unused",
        Images = new ImageOptions { SizedByHost = ["127.0.0.1:5070/aliexpress/img/", "cdn.example"] },
    };

    private readonly ImageAddresses _addresses = new(Options.Create(Settings));
    private readonly ImageSizes _sizes = new(Options.Create(Settings));

    [Theory]
    [InlineData("https://ae01.alicdn.com/kf/S933660.jpg", "https://ae01.alicdn.com/kf/S933660.jpg")]
    [InlineData("//ae01.alicdn.com/kf/é.jpg", "https://ae01.alicdn.com/kf/é.jpg")]
    [InlineData("file:fil_01h455vb4pex5vsknk084sn02q", "file:fil_01h455vb4pex5vsknk084sn02q")]
    public void An_address_leads_back_to_its_source(string source, string read)
    {
        var address = _addresses.Of(source)!;
        Assert.StartsWith("https://api.shop.example/api/v1/images/", address, StringComparison.Ordinal);
        var parts = address.Split('/')[^2..];
        Assert.True(_addresses.TryRead(parts[0], parts[1], out var text));
        Assert.Equal(read, text);
        Assert.Equal(address, _addresses.Of(source));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("javascript:alert(1)")]
    [InlineData("data:image/png;base64,AAAA")]
    [InlineData("file:///etc/passwd")]
    [InlineData("/relative.jpg")]
    public void What_is_no_picture_has_no_address(string? source) => Assert.Null(_addresses.Of(source));

    [Fact]
    public void A_source_that_is_too_long_has_no_address() => Assert.Null(_addresses.Of("https://x.example/" + new string('a', 2048)));

    [Fact]
    public void Nothing_but_what_was_signed_is_read()
    {
        var parts = _addresses.Of("https://ae01.alicdn.com/kf/S933660.jpg")!.Split('/')[^2..];
        var other = _addresses.Of("https://ae01.alicdn.com/kf/S933661.jpg")!.Split('/')[^2..];
        Assert.False(_addresses.TryRead(parts[0], other[1], out _));
        Assert.False(_addresses.TryRead(parts[0][..21], parts[1], out _));
        Assert.False(_addresses.TryRead(new string('A', 22), parts[1], out _));
        Assert.False(_addresses.TryRead("", "", out _));
        Assert.False(_addresses.TryRead(new string('=', 22), "====", out _));
        Assert.False(_addresses.TryRead(parts[0], new string('A', 100_000), out _));
    }

    [Fact]
    public void A_list_of_100_items_costs_one_text_an_item()
    {
        const string Source = "https://ae01.alicdn.com/kf/S933660c8505d49c88fde14cbea0cede75.jpg";
        var length = _addresses.Of(Source)!.Length;
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            _addresses.Of(Source);
        }

        // A text of n characters takes 22 + 2n bytes, rounded up to eight.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100 * ((22 + (2 * length) + 7) / 8 * 8));
    }

    [Theory]
    [InlineData(null, false, 640)]
    [InlineData(-5, false, 160)]
    [InlineData(1, false, 160)]
    [InlineData(161, false, 320)]
    [InlineData(640, false, 640)]
    [InlineData(5000, false, 1024)]
    [InlineData(5000, true, 160)]
    [InlineData(null, true, 160)]
    public void Widths_snap_to_a_few(int? asked, bool saveData, int width) => Assert.Equal(width, ImageSizes.Snap(asked, saveData));

    [Theory]
    [InlineData("https://ae01.alicdn.com/kf/S9.jpg", 320, "https://ae01.alicdn.com/kf/S9.jpg_350x350q75.jpg_.webp", "https://ae01.alicdn.com/kf/S9.jpg_350x350.jpg")]
    [InlineData("https://ae-pic-a1.aliexpress-media.com/kf/S9.png?x=1", 1024, "https://ae-pic-a1.aliexpress-media.com/kf/S9.png_960x960q75.png_.webp", "https://ae-pic-a1.aliexpress-media.com/kf/S9.png_960x960.png")]
    [InlineData("https://ae01.alicdn.com/kf/S9.jpg_220x220q75.jpg_.avif", 640, "https://ae01.alicdn.com/kf/S9.jpg_640x640q75.jpg_.webp", "https://ae01.alicdn.com/kf/S9.jpg_640x640.jpg")]
    [InlineData("http://127.0.0.1:5070/aliexpress/img/1-1.png", 160, "http://127.0.0.1:5070/aliexpress/img/1-1.png_220x220q75.png_.webp", "http://127.0.0.1:5070/aliexpress/img/1-1.png_220x220.png")]
    [InlineData("https://cdn.example/a.jpeg", 160, "https://cdn.example/a.jpeg_220x220q75.jpeg_.webp", "https://cdn.example/a.jpeg_220x220.jpeg")]
    public void A_supplier_is_asked_for_its_own_smaller_copies(string source, int width, string webP, string plain) =>
        Assert.Equal([webP, plain], _sizes.SupplierCopies(new Uri(source), width).Select(u => u.AbsoluteUri));

    [Theory]
    [InlineData("https://alicdn.com.evil.example/kf/S9.jpg")]
    [InlineData("https://evilalicdn.com/kf/S9.jpg")]
    [InlineData("https://ae01.alicdn.com/kf/S9.gif")]
    [InlineData("http://127.0.0.1:5071/aliexpress/img/1-1.png")]
    [InlineData("http://127.0.0.1:5070/other/1-1.png")]
    [InlineData("https://www.cdn.example/a.jpg")]
    public void Others_are_not(string source) => Assert.Empty(_sizes.SupplierCopies(new Uri(source), 320));
}
