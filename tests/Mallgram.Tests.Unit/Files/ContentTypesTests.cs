using System.Text;
using Mallgram.Files.Content;

namespace Mallgram.Tests.Unit.Files;

public sealed class ContentTypesTests
{
    [Theory]
    [InlineData("FFD8FFE000104A46", "x.png", "image/jpeg")]
    [InlineData("89504E470D0A1A0A0000", "x.jpg", "image/png")]
    [InlineData("474946383961", "x", "image/gif")]
    [InlineData("52494646AABBCCDD5745425056503820", "x", "image/webp")]
    [InlineData("0000001C66747970617669660000000061766966", "x", "image/avif")]
    [InlineData("000000206674797068656963000000006D6966316865696361766966", "x", "image/avif")]
    [InlineData("255044462D312E370A", "x.csv", "application/pdf")]
    [InlineData("69642C6E616D650A", "x.CSV", "text/csv")]
    [InlineData("EFBBBF69642C6E616D650A", "x.csv", "text/csv")]
    [InlineData("20207B226964223A317D0A", "x.csv", "application/x-ndjson")]
    [InlineData("C3A9", "x.html", "text/plain")]
    [InlineData("", "x.ndjson", "application/x-ndjson")]
    [InlineData("", "x.csv", "text/csv")]
    public async Task The_bytes_decide_and_not_the_name(string hex, string name, string type) =>
        Assert.Equal(type, await TypeOfAsync(Convert.FromHexString(hex), name));

    [Theory]
    [InlineData("<!DOCTYPE html><script>alert(1)</script>")]
    [InlineData("\uFEFF \r\n<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")]
    [InlineData("<?xml version='1.0'?><svg/>")]
    [InlineData("text\0with nul")]
    [InlineData("RIFF....WAVE\u0001\0")]
    [InlineData("MZ\u0090\0\u0003")]
    public async Task Markup_and_programs_are_no_type_that_is_taken(string text) =>
        Assert.Null(await TypeOfAsync(Encoding.UTF8.GetBytes(text), "x.csv"));

    [Theory]
    [InlineData("a\u00e9\u20ac\U0001F600z", true)]
    [InlineData("\U0001F600\U0001F600", true)]
    public void Text_is_text_wherever_it_is_cut(string text, bool expected)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var first = 0; first <= bytes.Length; first++)
        {
            for (var second = first; second <= bytes.Length; second++)
            {
                var check = default(Utf8Check);
                check.Add(bytes.AsSpan(0, first));
                check.Add(bytes.AsSpan(first, second - first));
                check.Add(bytes.AsSpan(second));
                Assert.Equal(expected, check.IsText);
            }
        }
    }

    [Theory]
    [InlineData("C3")]
    [InlineData("E282")]
    [InlineData("C328")]
    [InlineData("61FF62")]
    [InlineData("EDA080")]
    [InlineData("C080")]
    [InlineData("F4908080")]
    public void What_is_no_utf8_is_no_text_wherever_it_is_cut(string hex)
    {
        var bytes = Convert.FromHexString(hex);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var check = default(Utf8Check);
            check.Add(bytes.AsSpan(0, cut));
            check.Add(bytes.AsSpan(cut));
            Assert.False(check.IsText);
        }
    }

    private static async Task<string?> TypeOfAsync(byte[] bytes, string name)
    {
        await using var stream = new InspectedStream(new MemoryStream(bytes), 1000);
        await stream.CopyToAsync(Stream.Null, 3);
        return stream.ContentType(name);
    }
}
