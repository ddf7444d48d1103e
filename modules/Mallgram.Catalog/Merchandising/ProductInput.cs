using System.Text.Json;
using Mallgram.Catalog.Text;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Npgsql;

namespace Mallgram.Catalog.Merchandising;

/// <summary>Body of <c>PATCH /admin/products/{id}</c>, a JSON merge patch.</summary>
internal record ProductInput
{
    public string? Name { get; init; }

    public string? NameFr { get; init; }

    public string? Description { get; init; }

    public string? DescriptionFr { get; init; }

    public string? CategoryId { get; init; }

    /// <summary>A name; the brand is made when the store has none of it.</summary>
    public string? Brand { get; init; }

    /// <summary>All of them; at most 30.</summary>
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>All of them in order: https addresses and <c>file:fil_…</c>; at most 20.</summary>
    public IReadOnlyList<string>? Images { get; init; }

    public string? VideoUrl { get; init; }

    /// <summary>Values by attribute code; null takes one away, one that is missing stays.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Attributes { get; init; }

    public int? WeightGrams { get; init; }

    public int? ShipsWithinDays { get; init; }

    /// <summary>The address before goes on leading here.</summary>
    public string? Slug { get; init; }

    /// <summary><c>active</c> or <c>hidden</c>.</summary>
    public string? Status { get; init; }

    public bool? Featured { get; init; }

    /// <summary>Null: for 30 days after it was added.</summary>
    public bool? IsNew { get; init; }

    /// <summary>Null: as computed.</summary>
    public bool? IsBestSeller { get; init; }

    public int? SortOrder { get; init; }

    /// <summary>Null: the store's default.</summary>
    public int? LowStockThreshold { get; init; }

    public string? SeoTitle { get; init; }

    public string? SeoTitleFr { get; init; }

    public string? SeoDescription { get; init; }

    public string? SeoDescriptionFr { get; init; }

    /// <summary>Fields that are the supplier's again; its next sync sets them.</summary>
    public IReadOnlyList<string>? Unlock { get; init; }

    /// <summary>Version that was edited, instead of <c>If-Match</c>.</summary>
    public DateTimeOffset? UpdatedAt { get; init; }
}

/// <summary>Body of <c>POST /admin/products</c>: goods of the merchant's own.</summary>
internal sealed record NewProductInput : ProductInput
{
    public IReadOnlyList<VariantInput>? Variants { get; init; }

    /// <summary>None: sold singly.</summary>
    public IReadOnlyList<NewOfferInput>? Offers { get; init; }
}

/// <param name="Channel"><c>b2c</c> or <c>b2b</c>.</param>
internal sealed record NewOfferInput(string? Channel, int? MinOrderQuantity, decimal? BulkDiscountPercent);

/// <summary>Checks that need no database, and the columns that follow from what was sent.</summary>
internal sealed class ProductChange
{
    /// <summary>Fields that imports write, and leave alone once they are locked.</summary>
    public static readonly string[] Lockable =
    [
        "name", "name_fr", "description", "description_fr", "category_id", "brand", "images", "video_url", "weight_grams",
        "ships_within_days", "attributes",
    ];

    private readonly List<(string Column, Func<NpgsqlParameter> Value)> _columns = [];

    private ProductChange()
    {
    }

    public required SentFields Sent { get; init; }

    /// <summary>Fields of <see cref="Lockable"/> that were sent.</summary>
    public List<string> Set { get; } = [];

    public List<string> Unlock { get; } = [];

    public string? Name { get; private set; }

    public string? NameFr { get; private set; }

    public Guid? CategoryId { get; private set; }

    public string? Brand { get; private set; }

    public string[]? Tags { get; private set; }

    public string[]? Images { get; private set; }

    public string? Slug { get; private set; }

    public string? Status { get; private set; }

    public IEnumerable<(string Column, Func<NpgsqlParameter> Value)> Columns => _columns;

    /// <param name="isNew">A product that is being made needs a name.</param>
    public static ProductChange Read(ProductInput input, SentFields sent, bool isNew, FieldErrors errors)
    {
        var change = new ProductChange { Sent = sent };
        change.ReadTexts(input, isNew, errors);
        change.ReadPlace(input, errors);
        change.ReadFlags(input, errors);
        change.Set.AddRange(Lockable.Where(sent.Has));
        foreach (var field in input.Unlock ?? [])
        {
            if (!Lockable.Contains(field, StringComparer.Ordinal))
            {
                errors.Add("unlock", "is one of " + string.Join(", ", Lockable), "est l'un de " + string.Join(", ", Lockable));
                break;
            }

            if (sent.Has(field))
            {
                errors.Add("unlock", $"cannot name {field}, which is set here", $"ne peut pas nommer {field}, qui est défini ici");
            }

            change.Unlock.Add(field);
        }

        return change;
    }

    public void Column(string column, Func<NpgsqlParameter> value) => _columns.Add((column, value));

    /// <summary>What searches and sorts by name use, exactly as imports make it.</summary>
    public void NameKeys(string name, string? nameFr)
    {
        var (key, keyFr) = (PlainText.Fold(name), PlainText.Fold(nameFr ?? name));
        Column("search_key", () => Sql.Text(nameFr is null ? key : key + " " + keyFr));
        Column("name_key", () => Sql.Text(SortKey(key)));
        Column("name_key_fr", () => Sql.Text(SortKey(keyFr)));
    }

    private static string SortKey(string key) => key.Length <= 100 ? key : key[..(char.IsHighSurrogate(key[99]) ? 99 : 100)];

    private void ReadTexts(ProductInput input, bool isNew, FieldErrors errors)
    {
        if (isNew || Sent.Has("name"))
        {
            var name = errors.Name(input.Name, "name", 300);
            Name = name;
            Column("name", () => Sql.Text(name));
        }

        if (Sent.Has("name_fr"))
        {
            NameFr = errors.Line(input.NameFr, "name_fr", 300);
            Column("name_fr", () => Sql.Text(NameFr));
        }

        Text("description", errors.Block(input.Description, "description", 20_000));
        Text("description_fr", errors.Block(input.DescriptionFr, "description_fr", 20_000));
        Text("seo_title", errors.Line(input.SeoTitle, "seo_title", 200));
        Text("seo_title_fr", errors.Line(input.SeoTitleFr, "seo_title_fr", 200));
        Text("seo_description", errors.Line(input.SeoDescription, "seo_description", 500));
        Text("seo_description_fr", errors.Line(input.SeoDescriptionFr, "seo_description_fr", 500));
        if (input.VideoUrl is { } video && (video.StartsWith("file:", StringComparison.Ordinal) || !IsHttps(video)))
        {
            errors.Add("video_url", "must be an https address", "doit être une adresse https");
        }

        Text("video_url", input.VideoUrl);
    }

    private void ReadPlace(ProductInput input, FieldErrors errors)
    {
        CategoryId = errors.Id(PublicId.Category, input.CategoryId, "category_id");
        if (Sent.Has("category_id"))
        {
            Column("category_id", () => Sql.Uuid(CategoryId));
        }

        Brand = errors.Line(input.Brand, "brand", 120);
        Slug = errors.Slug(input.Slug, "slug");
        if (Sent.Has("slug") && Slug is null && input.Slug is null)
        {
            errors.Add("slug", "cannot be emptied", "ne peut pas être vidé");
        }

        if (Sent.Has("tags"))
        {
            Tags = ReadTags(input.Tags ?? [], "tags", errors);
        }

        if (Sent.Has("images"))
        {
            Images = [.. input.Images ?? []];
            errors.Between(Images.Length, "images", 0, 20);
            for (var i = 0; i < Images.Length; i++)
            {
                errors.Image(Images[i] ?? "", $"images[{i}]");
            }

            if (Images.Distinct(StringComparer.Ordinal).Count() < Images.Length)
            {
                errors.Add("images", "names an image twice", "nomme une image deux fois");
            }

            Column("images", () => Sql.Texts(Images));
            Column("image_url", () => Sql.Text(Images.Length == 0 ? null : Images[0]));
        }
    }

    private void ReadFlags(ProductInput input, FieldErrors errors)
    {
        ProductFilter.Word(input.Status, "status", ["active", "hidden"], errors);
        if (Sent.Has("status") && input.Status is null)
        {
            errors.Add("status", "cannot be emptied", "ne peut pas être vidé");
        }

        Status = input.Status;
        errors.Between(input.WeightGrams, "weight_grams", 0, 10_000_000);
        errors.Between(input.ShipsWithinDays, "ships_within_days", 0, 365);
        errors.Between(input.SortOrder, "sort_order", -1_000_000, 1_000_000);
        errors.Between(input.LowStockThreshold, "low_stock_threshold", 0, 1_000_000);
        Number("weight_grams", input.WeightGrams);
        Number("ships_within_days", input.ShipsWithinDays);
        Number("low_stock_threshold", input.LowStockThreshold);
        if (Sent.Has("sort_order"))
        {
            Column("sort_order", () => Sql.Int(input.SortOrder ?? 0));
        }

        if (Sent.Has("featured"))
        {
            Column("featured", () => Sql.Bool(input.Featured ?? false));
        }

        Flag("is_new", input.IsNew);
        Flag("is_best_seller", input.IsBestSeller);
    }

    public static string[] ReadTags(IReadOnlyList<string> sent, string field, FieldErrors errors)
    {
        errors.Between(sent.Count, field, 0, 30);
        var tags = new List<string>();
        for (var i = 0; i < sent.Count; i++)
        {
            var tag = PlainText.Line(sent[i], 61).ToLowerInvariant();
            if (tag.Length is 0 or > 60)
            {
                errors.Add($"{field}[{i}]", "must have 1 to 60 characters", "doit avoir de 1 à 60 caractères");
            }
            else if (!tags.Contains(tag, StringComparer.Ordinal))
            {
                tags.Add(tag);
            }
        }

        return [.. tags];
    }

    private static bool IsHttps(string address) =>
        address.Length <= 2000 && !address.Any(char.IsControl) && Uri.TryCreate(address, UriKind.Absolute, out var uri)
        && uri.Scheme == Uri.UriSchemeHttps && uri.UserInfo.Length == 0;

    private void Text(string field, string? value)
    {
        if (Sent.Has(field))
        {
            Column(field, () => Sql.Text(value));
        }
    }

    private void Number(string field, int? value)
    {
        if (Sent.Has(field))
        {
            Column(field, () => Sql.Int(value));
        }
    }

    private void Flag(string field, bool? value)
    {
        if (Sent.Has(field))
        {
            Column(field, () => Sql.Bool(value));
        }
    }
}
