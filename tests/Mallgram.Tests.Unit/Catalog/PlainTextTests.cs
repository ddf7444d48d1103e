using System.Text;
using Mallgram.Catalog.Text;

namespace Mallgram.Tests.Unit.Catalog;

public sealed class PlainTextTests
{
    [Theory]
    [InlineData("<script>alert(1)</script>Nice <b>lamp</b>", "Nice lamp")]
    [InlineData("&lt;script&gt;alert(1)&lt;/script&gt;Lamp", "Lamp")]
    [InlineData("&amp;lt;img src=x onerror=alert(1)&amp;gt;Lamp", "Lamp")]
    [InlineData("<img alt=\"a > b\" src=x>Lamp", "Lamp")]
    [InlineData("Lamp <unclosed", "Lamp")]
    [InlineData("2 < 3 & 4 > 1", "2 < 3 & 4 > 1")]
    [InlineData("  a\t\n b\u0000c\u200b ", "a b c")]
    [InlineData("<!-- a > b -->Lamp", "Lamp")]
    [InlineData("Caf&eacute; &#233;", "Café é")]
    [InlineData("<style>p{}</style>", "")]
    [InlineData(null, "")]
    public void A_line_has_no_markup_and_no_control_characters(string? dirty, string clean) => Assert.Equal(clean, PlainText.Line(dirty, 300));

    [Fact]
    public void Blocks_become_line_breaks() => Assert.Equal(
        "Lamp\n- solar\n- bright\nThe end", PlainText.Block("<div><p>Lamp</p><ul><li>solar</li><li>bright</li></ul>The end</div>", 1000));

    [Fact]
    public void An_empty_block_is_none() => Assert.Null(PlainText.Block("<p> </p>", 1000));

    [Fact]
    public void What_is_cut_stays_well_formed()
    {
        Assert.Equal("ab", PlainText.Line("ab😀", 3));
        Assert.Equal("a\uFFFDb", PlainText.Line("a\ud800b", 10));
        Assert.Equal("😀", PlainText.Line("😀", 2));
    }

    [Theory]
    [InlineData("Écouteurs à l'Œil", "ecouteurs a l'oeil")]
    [InlineData("STRASSE straße", "strasse strasse")]
    [InlineData("Crème brûlée", "creme brulee")]
    public void Folding_drops_case_and_accents(string text, string folded) => Assert.Equal(folded, PlainText.Fold(text));

    [Theory]
    [InlineData("Hornby 2014 – Catalogue!", "hornby-2014-catalogue")]
    [InlineData("Écouteurs sans fil", "ecouteurs-sans-fil")]
    public void Slugs_are_ascii(string text, string slug) => Assert.Equal(slug, PlainText.Slug(text));

    /// <summary>Brands are told by their slug.</summary>
    [Fact]
    public void Names_in_other_scripts_have_slugs_of_their_own()
    {
        Assert.Matches("^item-[0-9a-z]{8}$", PlainText.Slug("小米"));
        Assert.NotEqual(PlainText.Slug("小米"), PlainText.Slug("华为"));
        Assert.Equal(PlainText.Slug("小米"), PlainText.Slug(" 小米 "));
        Assert.Equal("item", PlainText.Slug(" "));
    }

    [Fact]
    public void Rubbish_takes_no_time_and_never_throws()
    {
        var random = new Random(3);
        const string alphabet = "<>!/-\"'=&;#scriptSTYLE a\u0000\ud800\udc00é\n";
        for (var i = 0; i < 2_000; i++)
        {
            var text = new StringBuilder();
            for (var length = random.Next(200); length > 0; length--)
            {
                text.Append(alphabet[random.Next(alphabet.Length)]);
            }

            var line = PlainText.Line(text.ToString(), 50);
            Assert.True(line.Length <= 50);
            Assert.DoesNotContain("<script", line, StringComparison.OrdinalIgnoreCase);
            _ = Encoding.UTF8.GetByteCount(line);
            Assert.DoesNotContain('\0', line);
        }

        Assert.Equal("", PlainText.Line(new string('<', 200_000) + "a", 10).Trim('<'));
    }
}
