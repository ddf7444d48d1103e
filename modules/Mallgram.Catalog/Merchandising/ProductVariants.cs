using System.Text.RegularExpressions;
using Mallgram.Catalog.Import;
using Mallgram.Catalog.Text;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Npgsql;

namespace Mallgram.Catalog.Merchandising;

/// <summary>A variant of goods of the merchant's own.</summary>
/// <param name="Sku">One is made when it is left out.</param>
/// <param name="Name">What sets it apart; made of the options when left out.</param>
/// <param name="Options">Name and value, in order: <c>[["Colour", "Blue"]]</c>.</param>
/// <param name="Image">An https address or <c>file:fil_…</c>.</param>
/// <param name="Stock">Units on hand; only where a variant is made, inventory adjustments change it later.</param>
/// <param name="Active">False: not sold any more.</param>
internal sealed record VariantInput(
    string? Sku,
    string? Name,
    IReadOnlyList<IReadOnlyList<string>>? Options,
    string? Image,
    int? Position,
    IReadOnlyList<PriceInput>? Prices,
    int? Stock,
    bool? Active);

/// <summary>A checked variant.</summary>
internal sealed record NewVariant(
    Guid Id, string? Sku, string? Name, string Options, string? Image, int? Position, int Stock, List<(string Currency, long Amount, long? CompareAt)> Prices);

/// <summary>Variants of the merchant's own goods: added, edited, taken off sale. Orders refer to them, so none is ever deleted.</summary>
internal sealed partial class ProductVariants(StoreDatabase database, ProductWrites writes, TimeProvider clock)
{
    public const int MostVariants = 200;

    /// <returns>Public id of the new variant.</returns>
    /// <exception cref="ProblemException">404; 409 <c>supplier_goods</c>, <c>sku_taken</c>; 422.</exception>
    public async Task<string> AddAsync(string productId, VariantInput input, FieldErrors errors, string actor, CancellationToken ct)
    {
        await using var transaction = await database.BeginAsync(ct);
        var (product, count, currencies) = await FindAsync(transaction, productId, ct);
        var variant = Read(input, "", currencies, PublicId.New(clock), errors);
        if (count >= MostVariants)
        {
            errors.Add("variants", $"must be at most {MostVariants}", $"doivent être au plus {MostVariants}");
        }

        errors.ThrowIfAny();
        await CheckImageAsync(variant.Image, ct);
        await RunAsync(
            transaction,
            [
                .. Insert(product, variant with { Position = variant.Position ?? count }),
                OwnPrices.Set([.. variant.Prices.Select(p => (variant.Id, p.Currency, p.Amount, p.CompareAt))], actor),
                OwnPrices.Wholesale(product, actor),
                .. ProductWrites.Finish([product]),
            ],
            variant.Sku,
            ct);
        return PublicId.Format(PublicId.Variant, variant.Id);
    }

    /// <exception cref="ProblemException">404; 409 <c>supplier_goods</c>, <c>sku_taken</c>; 422.</exception>
    public async Task EditAsync(
        string productId, string variantId, VariantInput input, SentFields sent, FieldErrors errors, string actor, CancellationToken ct)
    {
        if (sent.Has("stock"))
        {
            errors.Add("stock", "is changed by inventory adjustments", "se modifie par les ajustements d'inventaire");
        }

        if (sent.Has("sku") && input.Sku is null)
        {
            errors.Add("sku", "cannot be emptied", "ne peut pas être vidé");
        }

        await using var transaction = await database.BeginAsync(ct);
        var (product, _, currencies) = await FindAsync(transaction, productId, ct);
        if (!PublicId.TryParse(PublicId.Variant, variantId, out var id))
        {
            throw new ProblemException(MerchandisingProblems.VariantNotFound);
        }

        var variant = Read(input, "", sent.Has("prices") ? currencies : null, id, errors);
        errors.ThrowIfAny();
        await CheckImageAsync(variant.Image, ct);
        var commands = new List<NpgsqlBatchCommand>
        {
            Sql.Command(
                """
                update catalog.variants set
                    sku = coalesce($3, sku), name = case when $4 then $5 else name end, options = case when $6 then $7 else options end,
                    image = case when $8 then $9 else image end, position = coalesce($10, position), active = coalesce($11, active)
                where product_id = $1 and id = $2 returning id
                """,
                Sql.Uuid(product), Sql.Uuid(id), Sql.Text(variant.Sku), Sql.Bool(sent.Has("name") || sent.Has("options")), Sql.Text(variant.Name),
                Sql.Bool(sent.Has("options")), Sql.Json(variant.Options), Sql.Bool(sent.Has("image")), Sql.Text(variant.Image),
                Sql.Int(variant.Position), Sql.Bool(input.Active)),
        };
        try
        {
            await using var rows = await transaction.QueryAsync(ct, commands);
            if (!await rows.ReadAsync(ct))
            {
                throw new ProblemException(MerchandisingProblems.VariantNotFound);
            }
        }
        catch (PostgresException e) when (IsSkuTaken(e))
        {
            throw new ProblemException(MerchandisingProblems.SkuTaken, variant.Sku);
        }

        await RunAsync(
            transaction,
            [
                .. sent.Has("prices") ? [OwnPrices.Set([.. variant.Prices.Select(p => (id, p.Currency, p.Amount, p.CompareAt))], actor)] : Array.Empty<NpgsqlBatchCommand>(),
                OwnPrices.Wholesale(product, actor),
                .. ProductWrites.Finish([product]),
            ],
            variant.Sku,
            ct);
    }

    /// <summary>Checks one variant of a body.</summary>
    /// <param name="prefix">Path before its fields, <c>variants[0].</c>.</param>
    /// <param name="currencies">Of the store's markets, its own first; null: no prices are expected.</param>
    public static NewVariant Read(VariantInput input, string prefix, IReadOnlyList<string>? currencies, Guid id, FieldErrors errors)
    {
        if (input.Sku is { } sku && !SkuPattern().IsMatch(sku))
        {
            errors.Add(prefix + "sku", "must be 1 to 64 letters, digits, '.', '_', '/' or '-'", "doit être 1 à 64 lettres, chiffres, '.', '_', '/' ou '-'");
        }

        var options = new List<string[]>();
        for (var i = 0; i < (input.Options?.Count ?? 0); i++)
        {
            var pair = input.Options![i];
            var (name, value) = pair is { Count: 2 } ? (PlainText.Line(pair[0], 100), PlainText.Line(pair[1], 200)) : ("", "");
            if (name.Length == 0 || value.Length == 0 || options.Exists(o => o[0] == name))
            {
                errors.Add($"{prefix}options[{i}]", "must be a name, each once, and a value", "doit être un nom, une fois chacun, et une valeur");
            }

            options.Add([name, value]);
        }

        errors.Between(options.Count, prefix + "options", 0, 10);
        errors.Image(input.Image, prefix + "image");
        errors.Between(input.Position, prefix + "position", 0, 10_000);
        errors.Between(input.Stock, prefix + "stock", 0, 1_000_000_000);
        return new NewVariant(
            id, input.Sku, errors.Line(input.Name, prefix + "name", 200) ?? (options.Count == 0 ? null : string.Join(", ", options.Select(o => o[1]))),
            MallgramJson.ToJson(options), input.Image, input.Position, input.Stock ?? 0,
            currencies is null ? [] : OwnPrices.Read(input.Prices, prefix + "prices", currencies, errors));
    }

    public static IEnumerable<NpgsqlBatchCommand> Insert(Guid product, NewVariant variant) =>
    [
        Sql.Command(
            """
            insert into catalog.variants (store_id, id, product_id, sku, name, options, image, position)
            values (kernel.current_store(), $1, $2, $3, $4, $5, $6, $7)
            """,
            Sql.Uuid(variant.Id), Sql.Uuid(product), Sql.Text(variant.Sku ?? "OWN-" + StableCode.Of(10, variant.Id.ToString()).ToUpperInvariant()),
            Sql.Text(variant.Name), Sql.Json(variant.Options), Sql.Text(variant.Image), Sql.Int(variant.Position ?? 0)),
        Sql.Command(
            "insert into catalog.stock (store_id, variant_id, on_hand) values (kernel.current_store(), $1, $2)", Sql.Uuid(variant.Id), Sql.Int(variant.Stock)),
    ];

    public static bool IsSkuTaken(PostgresException e) =>
        e is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "variants_store_id_sku_key" };

    private static async Task RunAsync(StoreTransaction transaction, IReadOnlyList<NpgsqlBatchCommand> commands, string? sku, CancellationToken ct)
    {
        try
        {
            await transaction.ExecuteAsync(ct, commands);
            await transaction.CommitAsync(ct);
        }
        catch (PostgresException e) when (IsSkuTaken(e))
        {
            throw new ProblemException(MerchandisingProblems.SkuTaken, sku);
        }
    }

    private static async Task<(Guid Product, int Variants, IReadOnlyList<string> Currencies)> FindAsync(
        StoreTransaction transaction, string productId, CancellationToken ct)
    {
        var id = PublicId.TryParse(PublicId.Product, productId, out var found) ? found : Guid.Empty;
        await using var rows = await transaction.QueryAsync(
            ct,
            Sql.Command(
                "select supplier is null, (select count(*)::int from catalog.variants v where v.product_id = p.id) from catalog.products p where id = $1 for update",
                Sql.Uuid(id)),
            OwnPrices.Currencies());
        if (!await rows.ReadAsync(ct))
        {
            throw new ProblemException(MerchandisingProblems.ProductNotFound);
        }

        if (!rows.GetBoolean(0))
        {
            throw new ProblemException(MerchandisingProblems.SupplierGoods);
        }

        var count = rows.GetInt32(1);
        await rows.NextResultAsync(ct);
        return (id, count, await OwnPrices.ReadCurrenciesAsync(rows, ct));
    }

    private Task CheckImageAsync(string? image, CancellationToken ct) => writes.CheckFilesAsync(image is null ? [] : [("image", image)], ct);

    [GeneratedRegex("^[A-Za-z0-9._/-]{1,64}$", RegexOptions.None, 1000)]
    private static partial Regex SkuPattern();
}
