using Mallgram.Sandbox;
using Mallgram.Sandbox.AliExpress.Catalogue;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mallgram.Tests.Unit.Sandbox;

public sealed class CatalogueTests
{
    private const string Header = "id,name,category_path,brand,price_gbp,stock,review_count,answered_questions,rating\n";

    [Fact]
    public void A_row_keeps_what_it_has_and_lacks_what_it_lacks()
    {
        var catalogue = Read(
            "a1,\"Train, \"\"red\"\"\",Hobbies > Trains,Hornby,3.42,5\u00A0new,15,1,4.9\n"
            + "a2,No price,Hobbies,,,,0,0,\n"
            + "a3,A range,,Bachmann,3.42 - 5.00,2 used,1,0,5.0\n");

        var (train, noPrice, range) = (catalogue.Items[0], catalogue.Items[1], catalogue.Items[2]);
        Assert.Equal("Train, \"red\"", train.TitleEn);
        Assert.Equal(["Hobbies", "Trains"], train.Path.Select(c => c.NameEn));
        Assert.Equal(5, train.Skus[0].Stock);
        Assert.Equal("4.34", train.Skus[0].Price.In("GBP", "USD", 1m));
        Assert.Equal("3.42", train.Skus[0].Price.In("GBP", "GBP", 1m));
        Assert.Equal("", noPrice.Skus[0].Price.In("GBP", "USD", 1m));
        Assert.Equal(0, noPrice.Skus[0].Stock);
        Assert.Equal(train.FirstLevel, noPrice.FirstLevel);
        Assert.Null(noPrice.SecondLevel);
        Assert.Equal("3.42 - 5.00", range.Skus[0].Price.In("GBP", "USD", 1m));
        Assert.Empty(range.Path);
        Assert.Equal(2, catalogue.Categories.Count);
    }

    [Fact]
    public void Ids_depend_on_the_row_only()
    {
        var first = Read("a1,One,,,1,,0,0,5.0\na2,Two,,,1,,0,0,5.0\n");
        var second = Read("a2,Two again,,,9,,0,0,1.0\n");

        Assert.Equal(first.Items[1].Id, second.Items[0].Id);
        Assert.All(first.Items, i => Assert.True(i.Id > 0));
    }

    [Fact]
    public void Rows_without_id_or_name_and_repeated_ids_are_left_out()
    {
        var catalogue = Read("a1,One,,,1,,0,0,5.0\n,No id,,,1,,0,0,5.0\na2,,,,1,,0,0,5.0\na1,Again,,,1,,0,0,5.0\n");

        Assert.Equal(["One"], catalogue.Items.Select(i => i.TitleEn));
    }

    [Fact]
    public void A_file_with_other_columns_is_refused_by_name()
    {
        var refusal = Assert.Throws<SandboxStartException>(
            () => CsvCatalogue.Read(new StringReader("id,name\n1,x\n"), "goods.csv", NullLogger.Instance));

        Assert.Contains("goods.csv", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("price_gbp", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("5\u00A0new", 5)]
    [InlineData("12 used", 12)]
    [InlineData("1,204 new", 1204)]
    [InlineData("", 0)]
    [InlineData("new", 0)]
    [InlineData("99999999999999999999", int.MaxValue)]
    public void Stock_is_the_number_in_front(string text, int stock) => Assert.Equal(stock, CsvCatalogue.LeadingNumber(text));

    [Theory]
    [InlineData("1.005", "GBP", "GBP", "1.01")]
    [InlineData("0.001", "USD", "EUR", "0.01")]
    [InlineData("10", "USD", "CNY", "71.43")]
    [InlineData("10", "EUR", "GBP", "8.50")]
    [InlineData("-3", "GBP", "USD", "-3")]
    [InlineData("1,099.00", "GBP", "USD", "1,099.00")]
    public void Prices_are_converted_once_or_passed_on(string text, string from, string to, string expected) =>
        Assert.Equal(expected, CataloguePrice.Parse(text).In(from, to, 1m));

    [Fact]
    public void The_generated_catalogue_is_the_same_every_time()
    {
        var first = GeneratedCatalogue.Create(500, seed: 7);
        var second = GeneratedCatalogue.Create(500, seed: 7);

        Assert.Equal(first.Items.Select(Face), second.Items.Select(Face));
        Assert.NotEqual(first.Items.Select(Face), GeneratedCatalogue.Create(500, seed: 8).Items.Select(Face));
        Assert.All(first.Items, i => Assert.NotEqual(i.TitleEn, i.TitleFr));
        Assert.Contains(first.Items, i => i.Skus.Count is >= 2 and <= 4);
        Assert.All(first.Items.SelectMany(i => i.Skus), s => Assert.True(s.Price.Amount > 0 && s.OriginalPrice.Amount >= s.Price.Amount));
        Assert.Equal(first.Items.Sum(i => i.Skus.Count), first.Items.SelectMany(i => i.Skus).Select(s => s.Id).Distinct().Count());
        Assert.Equal(first.Categories.Count, first.Categories.Select(c => c.Id).Distinct().Count());

        static string Face(CatalogueItem i) =>
            $"{i.Id} {i.TitleEn} {i.TitleFr} {string.Join(' ', i.Skus.Select(s => $"{s.Id}:{s.Price.Amount}:{s.Stock}"))}";
    }

    private static SupplierCatalogue Read(string rows) =>
        CsvCatalogue.Read(new StringReader(Header + rows), "test.csv", NullLogger.Instance);
}
