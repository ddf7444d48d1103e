using System.Buffers.Text;
using System.Net.Mail;
using System.Security.Cryptography;
using System.Text.Json;
using Mallgram.Catalog.Contracts;
using Mallgram.Kernel;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Idempotency;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Mallgram.Orders.Contracts;
using Mallgram.Stores.Contracts;
using Npgsql;

namespace Mallgram.Orders;

/// <summary>Body of <c>POST /orders</c>.</summary>
/// <param name="Currency">ISO 4217, one that the store sells in; the store's own when left out.</param>
/// <param name="Payment">Starts the payment in the same call.</param>
internal sealed record PlaceOrderRequest(
    string? CartId,
    IReadOnlyList<PlaceOrderItem>? Items,
    PlaceOrderCustomer? Customer,
    PlaceOrderAddress? ShippingAddress,
    string? PromoCode,
    string? Notes,
    string? Currency,
    PlaceOrderPayment? Payment);

/// <param name="ProductId">Enough to buy the variant whose price lists show.</param>
internal sealed record PlaceOrderItem(string? VariantId, string? ProductId, int? Quantity);

internal sealed record PlaceOrderCustomer(string? Email, string? Phone, string? FullName);

internal sealed record PlaceOrderAddress(
    string? Street, string? Landmark, string? City, string? Region, string? PostalCode, string? Country, string? Phone);

internal sealed record RequestedLine(Guid? VariantId, Guid? ProductId, int Quantity);

internal sealed record PlaceOrderPayment(string? Method, string? Gateway, string? Phone, string? ReturnUrl);

/// <summary>
/// Places an order: prices it, holds its stock and stores it with its event and its idempotency key in one transaction of three round
/// trips, whatever the number of lines. Prices are the catalogue's; nothing the caller says about money is believed.
/// </summary>
internal sealed class PlaceOrder(
    StoreDatabase database, StoreScope scope, CurrentStore current, IOrderCatalog catalog, OutboxWriter outbox, TimeProvider clock)
{
    public const int MaxLines = 100;
    public const int MaxQuantity = 10_000;

    /// <summary>How long stock is held for an unpaid order: longer than any prompt or pay page lives.</summary>
    private static readonly TimeSpan HoldTime = TimeSpan.FromHours(2);

    /// <returns>The answer, and whether it is a replay.</returns>
    /// <exception cref="ProblemException">422 for what is not valid, 409 <c>out_of_stock</c>, 409 and 422 of the idempotency key.</exception>
    public async Task<(StoredAnswer Answer, bool Replayed)> PlaceAsync(
        PlaceOrderRequest request, IdempotencyKey key, Guid? userId, CancellationToken ct)
    {
        var lines = Validate(request);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await TryPlaceAsync(request, lines, key, userId, ct);
            }
            catch (PostgresException e) when (attempt < 4 && e is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "orders_store_id_number_key" })
            {
                // Another order of today drew the same number; the transaction is undone, draw again.
            }
        }
    }

    private async Task<(StoredAnswer Answer, bool Replayed)> TryPlaceAsync(
        PlaceOrderRequest request, IReadOnlyList<RequestedLine> lines, IdempotencyKey key, Guid? userId, CancellationToken ct)
    {
        var store = current.Store;
        await using var transaction = await database.BeginAsync(ct);
        IReadOnlyList<CatalogQuote?> found;
        var currency = Currency.TryFind(request.Currency, out var named) ? named : null;
        var quoted = catalog.Quote([.. lines.Select(l => new QuoteLine(l.VariantId, l.ProductId, l.Quantity))], currency);
        await using (var reader = await transaction.QueryAsync(ct, [.. key.Claim(), quoted, catalog.Currencies()]))
        {
            if (await key.ReadClaimAsync(reader, ct) is { } stored)
            {
                return (stored, true);
            }

            found = await catalog.ReadQuotesAsync(reader, lines.Count, ct);
            await reader.NextResultAsync(ct);
            CheckCurrency(request, await catalog.ReadCurrenciesAsync(reader, ct));
        }

        var quotes = CheckQuotes(lines, found);
        var order = Build(request, quotes, lines, userId);
        var token = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(24));
        var answer = new StoredAnswer(201, MallgramJson.ToJson(OrderView.Of(order) with { AccessToken = token }));
        var wanted = order.Items.GroupBy(i => i.VariantId).Select(g => new StockLine(g.Key, g.Sum(i => i.Quantity))).ToList();
        var actor = userId is { } user ? PublicId.Format(PublicId.User, user) : "guest";
        await using (var reader = await transaction.QueryAsync(
            ct,
            [
                catalog.Reserve(order.Id, wanted, clock.GetUtcNow() + HoldTime),
                InsertOrder(order, SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(token))),
                InsertItems(order),
                OrderHistory.Insert(store.Id, order.Id, PublicId.New(clock), null, "pending", actor, "placed"),
                outbox.Add(store.Id, OrderEvents.Placed, new OrderPlaced(order.Id)),
                key.Store(answer),
            ]))
        {
            var reserved = await catalog.ReadVariantsAsync(reader, ct);
            if (reserved.Count < wanted.Count)
            {
                throw OutOfStock(order, quotes, wanted, reserved);
            }

            while (await reader.NextResultAsync(ct))
            {
                // Errors of the inserts surface only when their results are reached.
            }
        }

        await transaction.CommitAsync(ct);
        return (answer, false);
    }

    private static List<RequestedLine> Validate(PlaceOrderRequest request)
    {
        var errors = new FieldErrors();
        if (request.CartId is not null)
        {
            errors.Add("cart_id", "carts are not offered here; send items", "les paniers ne sont pas proposés ici ; envoyez items");
        }

        if (!string.IsNullOrEmpty(request.PromoCode))
        {
            errors.Add("promo_code", "is not a code of this store", "n'est pas un code de cette boutique");
        }

        errors.AtMost(request.Notes, "notes", 1000);
        ValidateCustomer(request.Customer, errors);
        ValidateAddress(request.ShippingAddress, errors);
        var lines = ValidateItems(request, errors);
        errors.ThrowIfAny();
        return lines;
    }

    private static void CheckCurrency(PlaceOrderRequest request, IReadOnlyList<string> sold)
    {
        if (request.Currency is not null && !sold.Contains(request.Currency, StringComparer.Ordinal))
        {
            var codes = string.Join(", ", sold);
            throw new ProblemException(OrderProblems.CurrencyNotSupported, codes)
            {
                Fields = With(new FieldErrors(), "currency", $"must be one of {codes}", $"doit être parmi {codes}"),
            };
        }
    }

    private static List<RequestedLine> ValidateItems(PlaceOrderRequest request, FieldErrors errors)
    {
        var items = request.Items ?? [];
        if (request.CartId is null && items.Count is 0 or > MaxLines)
        {
            errors.Add("items", $"must have 1 to {MaxLines} lines", $"doit avoir de 1 à {MaxLines} lignes");
            return [];
        }

        var lines = new List<RequestedLine>(items.Count);
        for (var i = 0; i < items.Count; i++)
        {
            var item = items[i];
            if (item is null)
            {
                errors.Add($"items[{i}]", "is required", "est obligatoire");
                continue;
            }

            if (item.Quantity is not (>= 1 and <= MaxQuantity))
            {
                errors.Add($"items[{i}].quantity", $"must be 1 to {MaxQuantity}", $"doit être de 1 à {MaxQuantity}");
            }

            if (item.VariantId is null == item.ProductId is null)
            {
                errors.Add($"items[{i}]", "needs variant_id or product_id, not both", "demande variant_id ou product_id, pas les deux");
                continue;
            }

            // An id that cannot be one of ours is answered like an id that names nothing.
            var variant = PublicId.TryParse(PublicId.Variant, item.VariantId, out var v) ? v : (Guid?)null;
            var product = PublicId.TryParse(PublicId.Product, item.ProductId, out var p) ? p : (Guid?)null;
            lines.Add(new RequestedLine(variant ?? (item.VariantId is null ? null : Guid.Empty), product ?? (item.ProductId is null ? null : Guid.Empty), item.Quantity ?? 0));
        }

        return lines;
    }

    private static void ValidateCustomer(PlaceOrderCustomer? customer, FieldErrors errors)
    {
        if (customer is null)
        {
            errors.Add("customer", "is required", "est obligatoire");
            return;
        }

        errors.Require(customer.FullName, "customer.full_name", 200);
        if (string.IsNullOrWhiteSpace(customer.Email) && string.IsNullOrWhiteSpace(customer.Phone))
        {
            errors.Add("customer", "needs email or phone", "demande email ou phone");
        }

        if (!string.IsNullOrWhiteSpace(customer.Email) && !IsEmail(customer.Email))
        {
            errors.Add("customer.email", "is not an e-mail address", "n'est pas une adresse e-mail");
        }

        CheckPhone(customer.Phone, "customer.phone", errors);
    }

    private static void ValidateAddress(PlaceOrderAddress? address, FieldErrors errors)
    {
        if (address is null)
        {
            errors.Add("shipping_address", "is required", "est obligatoire");
            return;
        }

        errors.Require(address.City, "shipping_address.city", 120);
        errors.Require(address.Phone, "shipping_address.phone", 32);
        CheckPhone(address.Phone, "shipping_address.phone", errors);
        errors.AtMost(address.Street, "shipping_address.street", 300);
        errors.AtMost(address.Landmark, "shipping_address.landmark", 300);
        errors.AtMost(address.Region, "shipping_address.region", 120);
        errors.AtMost(address.PostalCode, "shipping_address.postal_code", 20);
        if (!Country.TryFind(address.Country, out _))
        {
            errors.Add(
                "shipping_address.country", "is not a country we deliver to (ISO 3166-1 alpha-2)", "n'est pas un pays que nous livrons (ISO 3166-1 alpha-2)");
        }
    }

    private static void CheckPhone(string? phone, string field, FieldErrors errors)
    {
        if (!string.IsNullOrWhiteSpace(phone)
            && (phone.Length > 32 || phone.Count(char.IsAsciiDigit) is < 6 or > 15 || phone.AsSpan().IndexOfAnyExcept("+0123456789 -.()/") >= 0))
        {
            errors.Add(field, "is not a phone number", "n'est pas un numéro de téléphone");
        }
    }

    private static bool IsEmail(string text) =>
        text.Length <= 254 && text.AsSpan().IndexOfAny("\r\n<>, ") < 0 && MailAddress.TryCreate(text, out var address)
        && address.Address == text && address.Host.Contains('.', StringComparison.Ordinal);

    private static FieldErrors With(FieldErrors errors, string field, string english, string french)
    {
        errors.Add(field, english, french);
        return errors;
    }

    private static List<CatalogQuote> CheckQuotes(IReadOnlyList<RequestedLine> lines, IReadOnlyList<CatalogQuote?> found)
    {
        var missing = new FieldErrors();
        var errors = new FieldErrors();
        var quotes = new List<CatalogQuote>(lines.Count);
        for (var i = 0; i < lines.Count; i++)
        {
            if (found[i] is not { IsActive: true } quote)
            {
                missing.Add(lines[i].VariantId is null ? $"items[{i}].product_id" : $"items[{i}].variant_id", "is not sold here", "n'est pas vendu ici");
                continue;
            }

            if (lines[i].Quantity < quote.MinOrderQuantity)
            {
                errors.Add($"items[{i}].quantity", $"must be at least {quote.MinOrderQuantity}", $"doit être d'au moins {quote.MinOrderQuantity}");
            }

            quotes.Add(quote);
        }

        if (missing.Any)
        {
            throw new ProblemException(OrderProblems.ProductNotFound) { Fields = missing };
        }

        errors.ThrowIfAny();
        return quotes;
    }

    private Order Build(PlaceOrderRequest request, IReadOnlyList<CatalogQuote> quotes, IReadOnlyList<RequestedLine> lines, Guid? userId)
    {
        var store = current.Store;
        var now = clock.GetUtcNow();
        var id = PublicId.New(clock);
        var currency = quotes[0].UnitPrice.Currency;
        var subtotal = Money.Zero(currency);
        var items = new List<OrderItem>(quotes.Count);
        try
        {
            for (var i = 0; i < quotes.Count; i++)
            {
                var quote = quotes[i];
                var lineTotal = quote.UnitPrice * lines[i].Quantity;
                subtotal += lineTotal;
                items.Add(new OrderItem
                {
                    StoreId = store.Id,
                    OrderId = id,
                    Id = PublicId.New(clock),
                    Position = i + 1,
                    ProductId = quote.ProductId,
                    VariantId = quote.VariantId,
                    Sku = quote.Sku,
                    Name = quote.VariantName is null ? quote.Name : $"{quote.Name} ({quote.VariantName})",
                    Quantity = lines[i].Quantity,
                    UnitPrice = quote.UnitPrice.Amount,
                    Subtotal = lineTotal.Amount,
                });
            }
        }
        catch (OverflowException)
        {
            throw new ProblemException(CommonProblems.ValidationFailed)
            {
                Fields = With(new FieldErrors(), "items", "add up to more than can be paid", "dépassent ce qui peut être payé"),
            };
        }

        var address = request.ShippingAddress!;
        return new Order
        {
            StoreId = store.Id,
            Id = id,
            Number = NewNumber(now),
            Status = "pending",
            PaymentStatus = "pending",
            FulfillmentStatus = "unfulfilled",
            UserId = userId,
            FullName = request.Customer!.FullName!.Trim(),
            Email = string.IsNullOrWhiteSpace(request.Customer.Email) ? null : request.Customer.Email,
            Phone = string.IsNullOrWhiteSpace(request.Customer.Phone) ? null : request.Customer.Phone.Trim(),
            Language = scope.Language,
            ShippingAddress = JsonSerializer.Serialize(
                new ShippingAddress(
                    address.Street, address.Landmark, address.City!.Trim(), address.Region, address.PostalCode, address.Country!, address.Phone!.Trim()),
                MallgramJson.Options),
            Notes = request.Notes,
            Currency = currency.Code,
            Subtotal = subtotal.Amount,
            Total = subtotal.Amount,
            AccessTokenHash = [],
            CreatedAt = now,
            Items = items,
        };
    }

    private static string NewNumber(DateTimeOffset now)
    {
        // No letters or digits that are mistaken for each other on the phone.
        const string alphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ";
        return now.UtcDateTime.ToString("yyMMdd", System.Globalization.CultureInfo.InvariantCulture) + "-" + RandomNumberGenerator.GetString(alphabet, 6);
    }

    private static ProblemException OutOfStock(
        Order order, IReadOnlyList<CatalogQuote> quotes, IReadOnlyList<StockLine> wanted, IReadOnlySet<Guid> reserved) => new(OrderProblems.OutOfStock)
        {
            Members = new Dictionary<string, object?>
            {
                ["lines"] = wanted.Where(w => !reserved.Contains(w.VariantId)).Select(w => new
                {
                    variant_id = PublicId.Format(PublicId.Variant, w.VariantId),
                    name = order.Items.First(i => i.VariantId == w.VariantId).Name,
                    requested = w.Quantity,
                    available = quotes.First(q => q.VariantId == w.VariantId).Available,
                }).ToArray(),
            },
        };

    private static NpgsqlBatchCommand InsertOrder(Order order, byte[] tokenHash) => Sql.Command(
        """
        insert into orders.orders (store_id, id, number, user_id, full_name, email, phone, language, shipping_address, notes, currency,
            subtotal, shipping, tax, discount, total, access_token_hash, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
        """,
        Sql.Uuid(order.StoreId), Sql.Uuid(order.Id), Sql.Text(order.Number), Sql.Uuid(order.UserId), Sql.Text(order.FullName),
        Sql.Text(order.Email), Sql.Text(order.Phone), Sql.Text(order.Language), Sql.Json(order.ShippingAddress), Sql.Text(order.Notes),
        Sql.Text(order.Currency), Sql.Long(order.Subtotal), Sql.Long(order.Shipping), Sql.Long(order.Tax), Sql.Long(order.Discount),
        Sql.Long(order.Total), Sql.Bytes(tokenHash), Sql.Time(order.CreatedAt));

    private static NpgsqlBatchCommand InsertItems(Order order) => Sql.Command(
        """
        insert into orders.order_items (store_id, order_id, id, position, product_id, variant_id, sku, name, quantity, unit_price)
        select $1, $2, i.id, i.position, i.product_id, i.variant_id, i.sku, i.name, i.quantity, i.unit_price
        from unnest($3, $4, $5, $6, $7, $8, $9, $10) as i (id, position, product_id, variant_id, sku, name, quantity, unit_price)
        """,
        Sql.Uuid(order.StoreId), Sql.Uuid(order.Id), Sql.Uuids([.. order.Items.Select(i => i.Id)]), Sql.Ints([.. order.Items.Select(i => i.Position)]),
        Sql.Uuids([.. order.Items.Select(i => i.ProductId)]), Sql.Uuids([.. order.Items.Select(i => i.VariantId)]),
        Sql.Texts([.. order.Items.Select(i => i.Sku)]), Sql.Texts([.. order.Items.Select(i => i.Name)]),
        Sql.Ints([.. order.Items.Select(i => i.Quantity)]), Sql.Longs([.. order.Items.Select(i => i.UnitPrice)]));
}
