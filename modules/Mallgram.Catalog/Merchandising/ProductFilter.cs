using System.ComponentModel;
using System.Globalization;
using Mallgram.Catalog.Text;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.Mvc;
using Npgsql;

namespace Mallgram.Catalog.Merchandising;

/// <summary>Which products staff mean: query string of the list, <c>filter</c> of a bulk edit.</summary>
internal record ProductFilterInput
{
    [FromQuery(Name = "q"), Description("Part of a name, the beginning of an SKU, or the supplier's id.")]
    public string? Q { get; init; }

    [FromQuery(Name = "status"), Description("active or hidden.")]
    public string? Status { get; init; }

    [FromQuery(Name = "supplier"), Description("A supplier's name; none for goods of the merchant's own.")]
    public string? Supplier { get; init; }

    [FromQuery(Name = "category_id"), Description("Products of the categories below it are included.")]
    public string? CategoryId { get; init; }

    [FromQuery(Name = "no_category"), Description("true: only products without a category.")]
    public bool? NoCategory { get; init; }

    [FromQuery(Name = "brand"), Description("Slug of a brand.")]
    public string? Brand { get; init; }

    [FromQuery(Name = "tag")]
    public string? Tag { get; init; }

    [FromQuery(Name = "channel"), Description("b2c or b2b: products with such an offer.")]
    public string? Channel { get; init; }

    [FromQuery(Name = "low_stock"), Description("true: only products with a variant at or below its threshold, as last found.")]
    public bool? LowStock { get; init; }

    [FromQuery(Name = "locked"), Description("true: only products with fields that imports leave alone.")]
    public bool? Locked { get; init; }

    [FromQuery(Name = "below_landed_cost"), Description("true: only products with a price below what the goods cost.")]
    public bool? BelowLandedCost { get; init; }
}

/// <summary>The filter as a condition on <c>catalog.products p</c>. Every part is one fixed piece of SQL.</summary>
internal sealed class ProductFilter
{
    private const int MostFound = 1000;

    private readonly List<string> _conditions = ["true"];
    private readonly List<Func<NpgsqlParameter>> _parameters = [];

    private ProductFilter()
    {
    }

    /// <summary>Conditions joined by <c>and</c>; their parameters come first, <see cref="ParameterCount"/> of them.</summary>
    public string Where => string.Join(" and ", _conditions);

    public int ParameterCount => _parameters.Count;

    /// <summary>What a cursor is tied to.</summary>
    public required string Stamp { get; init; }

    public IEnumerable<NpgsqlParameter> Parameters => _parameters.Select(p => p());

    public static ProductFilter Parse(ProductFilterInput input, FieldErrors errors, string prefix = "")
    {
        var words = PlainText.Line(input.Q, 200);
        errors.AtMost(input.Q, prefix + "q", 200);
        Word(input.Status, prefix + "status", ["active", "hidden"], errors);
        Word(input.Channel, prefix + "channel", ["b2c", "b2b"], errors);
        errors.AtMost(input.Supplier, prefix + "supplier", 60);
        errors.Slug(input.Brand, prefix + "brand");
        errors.AtMost(input.Tag, prefix + "tag", 60);
        var category = errors.Id(PublicId.Category, input.CategoryId, prefix + "category_id");
        var filter = new ProductFilter
        {
            Stamp = string.Create(
                CultureInfo.InvariantCulture,
                $"{words}|{input.Status}|{input.Supplier}|{category}|{input.NoCategory}|{input.Brand}|{input.Tag}|{input.Channel}|{input.LowStock}|{input.Locked}|{input.BelowLandedCost}"),
        };
        if (words.Length > 0)
        {
            filter.Add(
                $"p.id in (select catalog.find_products_for_staff($1, $2, {MostFound.ToString(CultureInfo.InvariantCulture)}))",
                () => Sql.Text(words), () => Sql.Text(PlainText.Fold(words).Replace("\\", "\\\\", StringComparison.Ordinal)
                    .Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal)));
        }

        filter.AddWhenGiven(input.Status, "p.status = $1");
        if (input.Supplier == "none")
        {
            filter.Add("p.supplier is null");
        }
        else
        {
            filter.AddWhenGiven(input.Supplier, "p.supplier = $1");
        }

        if (category is { } id)
        {
            filter.Add("p.category_id in (select descendant_id from catalog.category_closure where ancestor_id = $1)", () => Sql.Uuid(id));
        }

        filter.AddWhenGiven(input.Brand, "p.brand_slug = $1");
        filter.AddWhenGiven(input.Tag, "p.id in (select product_id from catalog.product_tags where tag = $1)");
        filter.AddWhenGiven(input.Channel, "exists (select from catalog.offers o where o.product_id = p.id and o.channel = $1 and o.active)");
        filter.AddWhen(input.NoCategory, "p.category_id is null");
        filter.AddWhen(
            input.LowStock, "p.id in (select v.product_id from catalog.low_stock k join catalog.variants v on v.store_id = k.store_id and v.id = k.variant_id)");
        filter.AddWhen(input.Locked, "p.locked_fields <> '{}'");
        filter.AddWhen(
            input.BelowLandedCost,
            """
            p.id in (select v.product_id from catalog.prices r join catalog.variants v on v.store_id = r.store_id and v.id = r.variant_id
                     where r.amount < r.landed_cost and v.active)
            """);
        return filter;
    }

    public static void Word(string? text, string field, string[] words, FieldErrors errors)
    {
        if (text is not null && !words.Contains(text, StringComparer.Ordinal))
        {
            errors.Add(field, "is one of " + string.Join(", ", words), "est l'un de " + string.Join(", ", words));
        }
    }

    private void AddWhenGiven(string? text, string condition)
    {
        if (!string.IsNullOrEmpty(text))
        {
            Add(condition, () => Sql.Text(PlainText.Line(text, 200)));
        }
    }

    private void AddWhen(bool? wanted, string condition)
    {
        if (wanted is { } yes)
        {
            Add(yes ? condition : $"not ({condition})");
        }
    }

    private void Add(string condition, params ReadOnlySpan<Func<NpgsqlParameter>> parameters)
    {
        // The highest first, or $1 would be found in $10.
        for (var i = parameters.Length; i > 0; i--)
        {
            condition = condition.Replace(
                "$" + i.ToString(CultureInfo.InvariantCulture), "$" + (_parameters.Count + i).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        }

        _conditions.Add(condition);
        _parameters.AddRange(parameters);
    }
}
