using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Mallgram.Catalog.Pricing;
using Mallgram.Catalog.Text;
using Mallgram.Kernel;
using Mallgram.Kernel.Http;

namespace Mallgram.Catalog.Bulk;

/// <param name="Kind"><c>text</c>, <c>number</c>, <c>boolean</c> or <c>choice</c>.</param>
internal sealed record AttributeDefinition(string Code, string Kind, string[] Choices);

/// <summary>What cells are checked against.</summary>
/// <param name="Categories">Ids by slug and by path.</param>
/// <param name="Currencies">Those the store sells in, its own first.</param>
internal sealed record RowContext(
    IReadOnlyDictionary<string, Guid> Categories, IReadOnlyDictionary<string, AttributeDefinition> Attributes, IReadOnlyList<Currency> Currencies);

/// <summary>One row's cells put onto a product and a variant. Nothing is changed when anything is wrong. Pure.</summary>
internal sealed partial class RowEdit(RowContext context, Dictionary<string, string> cells, ProductValues? product, VariantValues variant)
{
    private const long LargestPrice = 1_000_000_000_000;
    private const int MaxImages = 20;

    private readonly List<RowError> _errors = [];
    private ProductValues _product = product ?? new ProductValues(
        "", null, null, null, null, null, "", "", false, false, null, null, null, null, null, "{}", OfferValues.RetailOnly);

    private VariantValues _variant = variant;

    public IReadOnlyList<RowError> Errors => _errors;

    public ProductValues Product => _product;

    public VariantValues Variant => _variant;

    /// <summary>A price that the row gave, minor units.</summary>
    public (string Currency, long? Amount, bool SetsCompareAt, long? CompareAt)? Price { get; private set; }

    public void Apply()
    {
        ReadProduct();
        ReadOffers();
        ReadVariant();
        ReadPrice();
    }

    public void Fail(string? column, string code, string english, string french) => _errors.Add(new RowError(column, code, english, french));

    private void ReadProduct()
    {
        var p = _product;
        var name = Line(BulkColumns.Name, p.Name, 300);
        if (string.IsNullOrEmpty(name) && !_errors.Exists(e => e.Column == BulkColumns.Name))
        {
            Fail(BulkColumns.Name, "required", "is required for a new product and cannot be cleared", "est obligatoire pour un nouveau produit et ne peut être vidé");
        }

        p = p with
        {
            Name = name ?? p.Name,
            NameFr = Line(BulkColumns.NameFr, p.NameFr, 300),
            Description = Block(BulkColumns.Description, p.Description),
            DescriptionFr = Block(BulkColumns.DescriptionFr, p.DescriptionFr),
            CategoryId = Category(p.CategoryId),
            Brand = Line(BulkColumns.Brand, p.Brand, 120),
            Tags = Tags(p.Tags),
            Images = Images(p.Images),
            IsHidden = Word(BulkColumns.Status, p.IsHidden, "active", "hidden"),
            IsFeatured = Word(BulkColumns.Featured, p.IsFeatured, "false", "true"),
            WeightGrams = Whole(BulkColumns.WeightGrams, p.WeightGrams, 0, 10_000_000),
            SeoTitle = Line(BulkColumns.SeoTitle, p.SeoTitle, 200),
            SeoTitleFr = Line(BulkColumns.SeoTitleFr, p.SeoTitleFr, 200),
            SeoDescription = Line(BulkColumns.SeoDescription, p.SeoDescription, 500),
            SeoDescriptionFr = Line(BulkColumns.SeoDescriptionFr, p.SeoDescriptionFr, 500),
            Attributes = Attributes(p.Attributes),
        };
        if (p.Brand is { } brand && brand != _product.Brand && !brand.Any(char.IsLetterOrDigit))
        {
            Fail(BulkColumns.Brand, "bad_value", "needs a letter or digit", "doit avoir une lettre ou un chiffre");
        }

        _product = p;
    }

    private void ReadOffers()
    {
        var offers = _product.Offers;
        var smallest = Whole(BulkColumns.MinOrderQuantity, offers.BaseQuantity, 1, 1_000_000) ?? 1;
        if (smallest != offers.BaseQuantity || (offers.Retail is null && offers.Wholesale is null))
        {
            offers = smallest == 1 ? new OfferValues(1, null, null) : new OfferValues(null, smallest, offers.DiscountPercent);
        }

        var asked = Cell(BulkColumns.WholesaleMinQuantity);
        var wholesale = Whole(BulkColumns.WholesaleMinQuantity, offers.Retail is null ? null : offers.Wholesale, 2, 1_000_000);
        if (asked is not null && wholesale is not null && offers.Retail is null)
        {
            Fail(
                BulkColumns.WholesaleMinQuantity, "conflicting_values", "only goes with a min_order_quantity of 1",
                "ne va qu'avec min_order_quantity égal à 1");
        }
        else if (asked is not null && offers.Retail is not null)
        {
            offers = offers with { Wholesale = wholesale, DiscountPercent = wholesale is null ? null : offers.DiscountPercent };
        }

        if (Cell(BulkColumns.WholesaleDiscountPercent) is { } discount)
        {
            if (discount == BulkCell.Clear)
            {
                offers = offers with { DiscountPercent = null };
            }
            else if (Number(discount) is not { } percent || percent is < 0 or >= 100 || decimal.Round(percent, 2) != percent)
            {
                Fail(BulkColumns.WholesaleDiscountPercent, "bad_number", "must be from 0 to 99.99", "doit être de 0 à 99.99");
            }
            else if (offers.Wholesale is null)
            {
                Fail(BulkColumns.WholesaleDiscountPercent, "conflicting_values", "needs wholesale_min_quantity", "demande wholesale_min_quantity");
            }
            else
            {
                offers = offers with { DiscountPercent = percent };
            }
        }

        _product = _product with { Offers = offers };
    }

    private void ReadVariant()
    {
        if (Cell(BulkColumns.Sku) is { } sku && sku != _variant.Sku)
        {
            if (sku == BulkCell.Clear || sku.Length > 100 || PlainText.Line(sku, 100) != sku)
            {
                Fail(BulkColumns.Sku, "bad_value", "must be one line of 1 to 100 characters", "doit être une ligne de 1 à 100 caractères");
            }
            else
            {
                _variant = _variant with { Sku = sku };
            }
        }

        if (Cell(BulkColumns.Options) is { } options && options != _variant.Options)
        {
            var pairs = options == BulkCell.Clear ? [] : BulkCell.SplitPairs(options);
            var clean = pairs?.ConvertAll(o => KeyValuePair.Create(PlainText.Line(o.Key, 101), PlainText.Line(o.Value, 201)));
            if (clean is null || clean.Count > 5 || clean.Exists(o => o.Key.Length is 0 or > 100 || o.Value.Length is 0 or > 200))
            {
                Fail(BulkColumns.Options, "bad_options", "must look like Color=Blue|Size=M, at most 5", "doit ressembler à Color=Blue|Size=M, 5 au plus");
            }
            else
            {
                _variant = _variant with { Options = BulkCell.JoinPairs(clean) };
            }
        }

        if (Cell(BulkColumns.Stock) is { } stock)
        {
            if (StockText().Match(stock) is { Success: true } match)
            {
                _variant = _variant with { OnHand = int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture) };
            }
            else
            {
                Fail(BulkColumns.Stock, "bad_number", "must be a whole number from 0 to 999999999", "doit être un nombre entier de 0 à 999999999");
            }
        }

        if (Cell(BulkColumns.Cost) is { } cost && cost != BulkCell.Clear)
        {
            var currency = FindCurrency(BulkColumns.CostCurrency, _variant.CostCurrency ?? context.Currencies[0].Code);
            if (Number(cost) is not (>= PriceBook.SmallestCost and <= PriceBook.LargestCost))
            {
                BadPrice(BulkColumns.Cost);
            }
            else if (currency is not null)
            {
                _variant = _variant with { Cost = Number(cost), CostCurrency = currency.Code };
            }
        }
    }

    private void ReadPrice()
    {
        var (price, compareAt) = (Cell(BulkColumns.Price), Cell(BulkColumns.CompareAtPrice));
        if (price is null && compareAt is null)
        {
            return;
        }

        var currency = FindCurrency(BulkColumns.Currency, context.Currencies[0].Code);
        if (currency is null)
        {
            return;
        }

        if (!context.Currencies.Contains(currency))
        {
            Fail(
                BulkColumns.Currency, "currency_not_sold", $"the store does not sell in {currency.Code}", $"la boutique ne vend pas en {currency.Code}");
            return;
        }

        long? Minor(string column, string cell)
        {
            if (Money.TryParseMajor(cell, currency) is { Amount: > 0 and <= LargestPrice } money)
            {
                return money.Amount;
            }

            BadPrice(column);
            return null;
        }

        Price = (
            currency.Code, price is null ? null : Minor(BulkColumns.Price, price), compareAt is not null,
            compareAt is null or BulkCell.Clear ? null : Minor(BulkColumns.CompareAtPrice, compareAt));
    }

    private string? Cell(string column) => cells.GetValueOrDefault(column);

    private string? Line(string column, string? now, int maxLength)
    {
        if (Cell(column) is not { } cell || cell == now)
        {
            return now;
        }

        if (cell == BulkCell.Clear)
        {
            return null;
        }

        var line = PlainText.Line(cell, int.MaxValue);
        if (line.Length > maxLength)
        {
            TooLong(column, maxLength);
            return now;
        }

        return line.Length == 0 ? null : line;
    }

    private string? Block(string column, string? now)
    {
        const int MaxLength = 20_000;
        if (Cell(column) is not { } cell || cell == now)
        {
            return now;
        }

        if (cell == BulkCell.Clear)
        {
            return null;
        }

        var block = PlainText.Block(cell, int.MaxValue);
        if (block?.Length > MaxLength)
        {
            TooLong(column, MaxLength);
            return now;
        }

        return block;
    }

    private Guid? Category(Guid? now)
    {
        if (Cell(BulkColumns.Category) is not { } cell)
        {
            return now;
        }

        if (cell == BulkCell.Clear)
        {
            return null;
        }

        if (context.Categories.TryGetValue(CategoryCells.Key(cell), out var id))
        {
            return id;
        }

        Fail(BulkColumns.Category, "unknown_category", "is no category of the store (write the path A > B, or the slug)",
            "n'est pas une catégorie de la boutique (écrivez le chemin A > B, ou le slug)");
        return now;
    }

    private string Tags(string now)
    {
        if (Cell(BulkColumns.Tags) is not { } cell || cell == now)
        {
            return now;
        }

        if (cell == BulkCell.Clear)
        {
            return "";
        }

        var tags = BulkCell.Split(cell).ConvertAll(t => PlainText.Line(t, 61).ToLowerInvariant());
        if (tags.Count > 50 || tags.Exists(t => t.Length is 0 or > 60))
        {
            Fail(BulkColumns.Tags, "too_long", "must be at most 50 tags of 60 characters", "doit avoir au plus 50 étiquettes de 60 caractères");
            return now;
        }

        return BulkCell.Join(tags.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
    }

    private string Images(string now)
    {
        if (Cell(BulkColumns.ImageUrls) is not { } cell || cell == now)
        {
            return now;
        }

        if (cell == BulkCell.Clear)
        {
            return "";
        }

        var images = BulkCell.Split(cell).Distinct(StringComparer.Ordinal).ToList();
        if (images.Count > MaxImages || images.Find(i => !IsImage(i)) is not null)
        {
            Fail(BulkColumns.ImageUrls, "bad_image_url", $"must be at most {MaxImages} http(s) addresses or file:fil_… of uploads",
                $"doit avoir au plus {MaxImages} adresses http(s) ou file:fil_… d'envois");
            return now;
        }

        return BulkCell.Join(images);
    }

    private bool Word(string column, bool now, string off, string on)
    {
        if (Cell(column) is not { } cell)
        {
            return now;
        }

        if (string.Equals(cell, on, StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        if (!string.Equals(cell, off, StringComparison.OrdinalIgnoreCase))
        {
            Fail(column, "bad_value", $"must be {off} or {on}", $"doit être {off} ou {on}");
            return now;
        }

        return false;
    }

    private int? Whole(string column, int? now, int least, int most)
    {
        if (Cell(column) is not { } cell)
        {
            return now;
        }

        if (cell == BulkCell.Clear)
        {
            return null;
        }

        if (int.TryParse(cell, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
        {
            return number;
        }

        Fail(column, "bad_number", $"must be a whole number from {least} to {most}", $"doit être un nombre entier de {least} à {most}");
        return now;
    }

    private string Attributes(string now)
    {
        var given = cells.Where(c => c.Key.StartsWith(BulkColumns.AttributePrefix, StringComparison.Ordinal)).ToList();
        if (given.Count == 0)
        {
            return now;
        }

        var values = CatalogSnapshot.Attributes(now);
        foreach (var (column, cell) in given)
        {
            var code = column[BulkColumns.AttributePrefix.Length..];
            if (cell == BulkCell.Clear)
            {
                values.Remove(code);
            }
            else if (values.TryGetValue(code, out var known) && CatalogSnapshot.AttributeCell(known) == cell)
            {
                continue;
            }
            else if (!context.Attributes.TryGetValue(code, out var definition))
            {
                Fail(column, "unknown_attribute", "is no attribute of the store", "n'est pas un attribut de la boutique");
            }
            else if (Attribute(definition, cell) is { } value)
            {
                values[code] = value;
            }
            else
            {
                var choices = definition.Kind == "choice" ? ": " + string.Join(", ", definition.Choices.Take(10)) : "";
                Fail(column, "bad_value", $"must be a {definition.Kind}{choices}", $"doit être de type {definition.Kind}{choices}");
            }
        }

        return MallgramJson.ToJson(values);
    }

    private static JsonElement? Attribute(AttributeDefinition definition, string cell) => definition.Kind switch
    {
        "number" => Number(cell) is { } number ? JsonSerializer.SerializeToElement(number) : null,
        "boolean" => cell is "true" or "false" ? JsonSerializer.SerializeToElement(cell == "true") : null,
        "choice" => definition.Choices.Contains(cell, StringComparer.Ordinal) ? JsonSerializer.SerializeToElement(cell) : null,
        _ => PlainText.Line(cell, 501) is { Length: > 0 and <= 500 } line ? JsonSerializer.SerializeToElement(line) : null,
    };

    private Currency? FindCurrency(string column, string otherwise)
    {
        var code = Cell(column) is { } cell && cell != BulkCell.Clear ? cell.ToUpperInvariant() : otherwise;
        if (Currency.TryFind(code, out var currency))
        {
            return currency;
        }

        var (hint, hintFr) = code is "FCFA" or "CFA" or "F CFA"
            ? (": write XAF (Central Africa) or XOF (West Africa)", " : écrivez XAF (Afrique centrale) ou XOF (Afrique de l'Ouest)")
            : ("", "");
        Fail(column, "unknown_currency", "is no ISO 4217 code that Mallgram knows" + hint, "n'est pas un code ISO 4217 connu de Mallgram" + hintFr);
        return null;
    }

    private void BadPrice(string column) => Fail(
        column, "bad_price", "must be one amount above zero with a dot and no more decimals than the currency has, such as 1299.00",
        "doit être un montant positif, avec un point et pas plus de décimales que la devise, comme 1299.00");

    private void TooLong(string column, int maxLength) =>
        Fail(column, "too_long", $"has more than {maxLength} characters", $"a plus de {maxLength} caractères");

    private static decimal? Number(string cell) =>
        decimal.TryParse(cell, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static bool IsImage(string image) => image.Length <= 2000 && (
        (image.StartsWith("file:fil_", StringComparison.Ordinal) && Kernel.Ids.PublicId.TryParse(Kernel.Ids.PublicId.File, image[5..], out _))
        || (Uri.TryCreate(image, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp)));

    // "5 new" is how some shops export: the word after the number says nothing about the quantity.
    [GeneratedRegex(@"^(?<number>[0-9]{1,9})(\s+\p{L}+)?$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex StockText();
}

/// <summary>How the column <c>category</c> names categories.</summary>
internal static class CategoryCells
{
    public const char Separator = '>';

    /// <summary>Paths and slugs compare without case and spacing.</summary>
    public static string Key(string cell) => string.Join(" > ", Names(cell)).ToLowerInvariant();

    public static string[] Names(string cell) => cell.Split(Separator, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
