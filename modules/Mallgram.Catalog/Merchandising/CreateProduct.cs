using Mallgram.Catalog.Import;
using Mallgram.Catalog.Text;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Stores.Contracts;
using Npgsql;

namespace Mallgram.Catalog.Merchandising;

/// <summary>Makes a product of the merchant's own, with variants, stock, prices and offers, in one transaction.</summary>
internal sealed class CreateProduct(StoreDatabase database, ProductWrites writes, IStoreRoom room, TimeProvider clock)
{
    /// <param name="actor">Public id of the person.</param>
    /// <returns>Public id of the product.</returns>
    /// <exception cref="ProblemException">
    /// 403 <c>plan_limit_reached</c>; 409 <c>slug_taken</c>, <c>sku_taken</c>; 422 with every field that is wrong.
    /// </exception>
    public async Task<string> CreateAsync(NewProductInput input, SentFields sent, FieldErrors errors, string actor, CancellationToken ct)
    {
        var id = PublicId.New(clock);
        var change = ProductChange.Read(input, sent, isNew: true, errors);
        if (sent.Has("unlock"))
        {
            errors.Add("unlock", "is for products of suppliers", "concerne les produits de fournisseurs");
        }

        await room.RequireAsync(StoreMeters.Products, more: 1, ct);
        var offers = ReadOffers(input.Offers ?? [new NewOfferInput("b2c", 1, BulkDiscountPercent: null)], errors);
        await using var transaction = await database.BeginAsync(ct);
        var (currencies, slugTaken) = await AskAsync(transaction, change.Slug ?? PlainText.Slug(change.Name ?? ""), ct);
        var variants = ReadVariants(input.Variants ?? [], currencies, errors);
        errors.ThrowIfAny();
        if (slugTaken && change.Slug is not null)
        {
            throw new ProblemException(MerchandisingProblems.SlugTaken);
        }

        await writes.CheckFilesAsync(
            [
                .. (change.Images ?? []).Select((source, i) => ($"images[{i}]", source)),
                .. variants.Select((v, i) => ($"variants[{i}].image", Source: v.Image!)).Where(v => v.Source is not null),
            ],
            ct);
        var attributes = await ProductWrites.CheckAsync(transaction, input, change, change.CategoryId, "{}", ct);
        if (attributes is not null)
        {
            change.Column("attributes", () => Sql.Json(attributes));
        }

        var slug = change.Slug ?? (slugTaken ? PlainText.Slug(change.Name!) + "-" + StableCode.Of(8, id.ToString()) : PlainText.Slug(change.Name!));
        var hidden = change.Status == "hidden";
        change.NameKeys(change.Name!, change.NameFr);
        var commands = new List<NpgsqlBatchCommand>
        {
            Sql.Command(
                """
                insert into catalog.products (store_id, id, slug, name, status, hidden_by, search_key, name_key, name_key_fr)
                values (kernel.current_store(), $1, $2, $3, $4, $5, '', '', '')
                """,
                Sql.Uuid(id), Sql.Text(slug), Sql.Text(change.Name), Sql.Text(hidden ? "hidden" : "active"), Sql.Text(hidden ? "staff" : null)),
        };
        if (ProductWrites.BrandSlug(change.Brand) is { } brand)
        {
            commands.Add(ProductWrites.AddBrand(brand, change.Brand!));
            commands.Add(ProductWrites.SetBrand(id, brand));
        }

        commands.Add(ProductWrites.Update(id, change)!);
        if (change.Tags is { Length: > 0 } tags)
        {
            commands.Add(ProductWrites.SetTags(id, tags));
        }

        commands.AddRange(offers.Select(o => ProductOffers.Upsert(id, o.Channel, o.MinOrderQuantity, o.BulkDiscountPercent)));
        commands.AddRange(variants.SelectMany((v, i) => ProductVariants.Insert(id, v with { Position = v.Position ?? i })));
        commands.Add(OwnPrices.Set([.. variants.SelectMany(v => v.Prices.Select(p => (v.Id, p.Currency, p.Amount, p.CompareAt)))], actor));
        commands.Add(OwnPrices.Wholesale(id, actor));
        commands.AddRange(ProductWrites.Finish([id]));
        try
        {
            await transaction.ExecuteAsync(ct, commands);
            await transaction.CommitAsync(ct);
        }
        catch (PostgresException e) when (ProductVariants.IsSkuTaken(e))
        {
            throw new ProblemException(MerchandisingProblems.SkuTaken, string.Join(", ", variants.Select(v => v.Sku).Where(s => s is not null)));
        }
        catch (PostgresException e) when (e is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "products_store_id_slug_key" })
        {
            throw new ProblemException(MerchandisingProblems.SlugTaken);
        }

        return PublicId.Format(PublicId.Product, id);
    }

    private static async Task<(IReadOnlyList<string> Currencies, bool SlugTaken)> AskAsync(StoreTransaction transaction, string slug, CancellationToken ct)
    {
        await using var rows = await transaction.QueryAsync(
            ct,
            Sql.Command(
                "select exists (select from catalog.products where slug = $1) or exists (select from catalog.former_slugs where slug = $1)", Sql.Text(slug)),
            OwnPrices.Currencies());
        await rows.ReadAsync(ct);
        var taken = rows.GetBoolean(0);
        await rows.NextResultAsync(ct);
        return (await OwnPrices.ReadCurrenciesAsync(rows, ct), taken);
    }

    private List<NewVariant> ReadVariants(IReadOnlyList<VariantInput> inputs, IReadOnlyList<string> currencies, FieldErrors errors)
    {
        errors.Between(inputs.Count, "variants", 1, ProductVariants.MostVariants);
        var variants = new List<NewVariant>();
        var skus = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < Math.Min(inputs.Count, ProductVariants.MostVariants); i++)
        {
            if (inputs[i] is not { } input)
            {
                errors.Add($"variants[{i}]", "is required", "est obligatoire");
                continue;
            }

            var variant = ProductVariants.Read(input, $"variants[{i}].", currencies, PublicId.New(clock), errors);
            if (variant.Sku is { } sku && !skus.Add(sku))
            {
                errors.Add($"variants[{i}].sku", "is there twice", "figure deux fois");
            }

            variants.Add(variant);
        }

        return variants;
    }

    private static List<(string Channel, int MinOrderQuantity, decimal? BulkDiscountPercent)> ReadOffers(
        IReadOnlyList<NewOfferInput> inputs, FieldErrors errors)
    {
        errors.Between(inputs.Count, "offers", 1, 2);
        var offers = new List<(string Channel, int MinOrderQuantity, decimal? BulkDiscountPercent)>();
        for (var i = 0; i < inputs.Count; i++)
        {
            var channel = inputs[i]?.Channel ?? "";
            ProductFilter.Word(channel, $"offers[{i}].channel", ["b2c", "b2b"], errors);
            if (offers.Exists(o => o.Channel == channel))
            {
                errors.Add($"offers[{i}].channel", "is there twice", "figure deux fois");
            }

            var quantity = ProductOffers.Check(channel, inputs[i]?.MinOrderQuantity, inputs[i]?.BulkDiscountPercent, $"offers[{i}].", errors);
            offers.Add((channel, quantity, inputs[i]?.BulkDiscountPercent));
        }

        return offers;
    }
}
