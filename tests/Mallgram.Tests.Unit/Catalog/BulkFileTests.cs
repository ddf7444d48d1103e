using System.Text;
using Mallgram.Catalog.Bulk;

namespace Mallgram.Tests.Unit.Catalog;

/// <summary>What bulk files look like in the wild: encodings, separators, quotes, headers, rubbish.</summary>
public sealed class BulkFileTests
{
    private static readonly BulkOptions Plain = new(new Dictionary<string, string?>(), new Dictionary<string, string>(), CreateMissingCategories: false);

    [Theory]
    [InlineData("utf-8"), InlineData("utf-8-mark"), InlineData("utf-16"), InlineData("utf-16BE"), InlineData("windows-1252")]
    public async Task Every_encoding_that_spreadsheets_write_is_read(string name)
    {
        const string Text = "sku,name\nA1,Écouteurs à 5 €\n";
        byte[] bytes = name switch
        {
            "utf-8" => Encoding.UTF8.GetBytes(Text),
            "utf-8-mark" => [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(Text)],
            "windows-1252" => CodePagesEncodingProvider.Instance.GetEncoding(1252)!.GetBytes(Text),
            _ => [.. Encoding.GetEncoding(name).Preamble, .. Encoding.GetEncoding(name).GetBytes(Text)],
        };
        foreach (var step in new[] { 1, 2, 7, 100_000 })
        {
            var row = Assert.Single(await ReadAsync(bytes, step: step));
            Assert.Equal("Écouteurs à 5 €", row.Variants[0]["name"]);
        }
    }

    [Theory]
    [InlineData(new byte[] { 0x73, 0x6B, 0x75, 0x0A, 0xC3, 0xA9, 0x0A, 0xE9, 0x0A })]
    [InlineData(new byte[] { 0x73, 0x6B, 0x75, 0x0A, 0x00, 0x41, 0x0A })]
    [InlineData(new byte[] { 0x73, 0x6B, 0x75, 0x0A, 0xE9, 0x81, 0x0A })]
    public async Task What_is_text_in_no_encoding_is_refused_as_a_whole(byte[] bytes) =>
        Assert.Equal("bad_encoding", (await Assert.ThrowsAsync<BulkFileException>(() => ReadAsync(bytes))).Code);

    [Theory]
    [InlineData("sku,name,brand\nA1,\"one, two\",B\n"), InlineData("sku;name;brand\nA1;one, two;B\n"), InlineData("sku\tname\tbrand\r\nA1\tone, two\tB\r\n")]
    [InlineData("\"sku\";\"name\";\"brand,x\"\nA1;one, two;B\n")]
    public async Task The_separator_is_found_in_the_header(string text)
    {
        var options = Plain with { Mapping = new Dictionary<string, string?> { ["brand,x"] = "brand" } };
        var row = Assert.Single(await ReadAsync(Encoding.UTF8.GetBytes(text), options));
        Assert.Equal(("one, two", "B"), (row.Variants[0]["name"], row.Variants[0]["brand"]));
    }

    [Fact]
    public async Task Quoted_line_breaks_belong_to_the_cell_and_rows_are_counted_as_a_spreadsheet_does()
    {
        var rows = await ReadAsync("sku,description\nA1,\"two\nlines\"\n\nA2,x\n"u8.ToArray());
        Assert.Equal([(2, "two\nlines"), (4, "x")], rows.Select(r => (r.Number, r.Variants[0]["description"])));
    }

    [Theory]
    [InlineData("", "empty_file"), InlineData("\n\n", "empty_file"), InlineData("name,price\nx,1\n", "missing_column")]
    [InlineData("sku,prcie\nA1,1\n", "unknown_column"), InlineData("sku,Sku \nA1,1\n", "duplicate_column"), InlineData("sku,name\nA1,\"open\n", "malformed_csv")]
    public async Task A_file_that_cannot_be_taken_says_why(string text, string code)
    {
        var error = await Assert.ThrowsAsync<BulkFileException>(() => ReadAsync(Encoding.UTF8.GetBytes(text)));
        Assert.Equal(code, error.Code);
        Assert.NotEqual(error.Text.English, error.Text.French);
    }

    [Fact]
    public async Task Columns_are_mapped_ignored_and_given_defaults()
    {
        var options = Plain with
        {
            Mapping = new Dictionary<string, string?> { ["price_gbp"] = "cost", ["rating"] = null },
            Defaults = new Dictionary<string, string> { ["cost_currency"] = "GBP" },
        };
        var row = Assert.Single(await ReadAsync("SKU, price_gbp ,rating,error\nA1,3.42,5,old\n"u8.ToArray(), options));
        Assert.Equal(
            [("cost", "3.42"), ("cost_currency", "GBP"), ("sku", "A1")],
            row.Variants[0].Select(c => (c.Key, c.Value)).OrderBy(c => c.Key, StringComparer.Ordinal));
    }

    [Fact]
    public async Task Lines_of_json_hold_variants_and_a_broken_line_spoils_itself_only()
    {
        var text = """
            {"product":"shirt","name":"Shirt","tags":["a|b","c"],"attributes":{"size":4},"variants":[{"sku":"S","options":{"Size":"S"}},{"sku":"M","price":12.50}]}
            {"sku":
            [1]
            {"sku":"X","wat":1}
            {"sku":"Y","brand":null}
            """;
        var rows = await ReadAsync(Encoding.UTF8.GetBytes(text), format: BulkFile.NdJson);
        Assert.Equal([null, "bad_json", "bad_json", "unknown_column", null], rows.Select(r => r.Error?.Code));
        Assert.Equal(("Shirt", "a\\|b|c", "4", "Size=S"), (
            rows[0].Variants[0]["name"], rows[0].Variants[0]["tags"], rows[0].Variants[0]["attr.size"], rows[0].Variants[0]["options"]));
        Assert.Equal(("shirt", "12.50"), (rows[0].Variants[1]["product"], rows[0].Variants[1]["price"]));
        Assert.DoesNotContain("name", rows[0].Variants[1].Keys);
        Assert.Equal(BulkCell.Clear, rows[4].Variants[0]["brand"]);
    }

    [Fact]
    public async Task A_line_beyond_the_limit_is_left_out_and_the_next_is_read()
    {
        var text = "{\"sku\":\"" + new string('x', 3 * BulkFile.MaxRowBytes) + "\"}\n{\"sku\":\"B\"}\n";
        var rows = await ReadAsync(Encoding.UTF8.GetBytes(text), format: BulkFile.NdJson);
        Assert.Equal([(1, "row_too_long"), (2, null)], rows.Select(r => (r.Number, r.Error?.Code)));
    }

    [Theory]
    [InlineData("=1+1", "'=1+1"), InlineData("'=1", "''=1"), InlineData("-5", "'-5"), InlineData("@x", "'@x"), InlineData("it's", "it's"), InlineData("'t Hof", "'t Hof")]
    public void Formulas_are_disarmed_and_come_back_as_they_were(string text, string guarded)
    {
        Assert.Equal(guarded, BulkCell.Guard(text));
        Assert.Equal(text, BulkCell.Unguard(BulkCell.Guard(text)));
    }

    [Fact]
    public void Lists_and_pairs_survive_separators_inside_their_values()
    {
        string[] values = ["a|b", "c\\d", "e=f"];
        Assert.Equal(values, BulkCell.Split(BulkCell.Join(values)));
        KeyValuePair<string, string>[] pairs = [new("a=b", "c|d"), new("e", "f=g\\")];
        Assert.Equal(pairs, BulkCell.SplitPairs(BulkCell.JoinPairs(pairs)));
        Assert.Null(BulkCell.SplitPairs("Color"));
    }

    private static async Task<List<BulkRecord>> ReadAsync(byte[] bytes, BulkOptions? options = null, string format = BulkFile.Csv, int step = 4096)
    {
        var rows = new List<BulkRecord>();
        await using var stream = new Drip(bytes, step);
        await foreach (var row in new BulkFile(format, options ?? Plain).ReadAsync(stream, CancellationToken.None))
        {
            rows.Add(row);
        }

        return rows;
    }

    /// <summary>Gives a few bytes at a time, as networks do.</summary>
    private sealed class Drip(byte[] bytes, int step) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(step, buffer.Length)], cancellationToken);
    }
}
