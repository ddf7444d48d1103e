using System.Security.Claims;
using System.Text.RegularExpressions;
using Mallgram.Identity.Contracts;
using Mallgram.Kernel;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace Mallgram.Identity.Profile;

/// <summary>What is asked for depends on the country: <c>GET /address-formats/{country}</c>.</summary>
/// <param name="Country">ISO 3166-1 alpha-2.</param>
/// <param name="Phone">In the national way or with the country code; kept as E.164.</param>
/// <param name="Latitude">Degrees, WGS 84; with <c>longitude</c> or not at all.</param>
internal sealed record AddressInput(
    string? Label, string? FullName, string? Phone, string? Street, string? Landmark, string? City, string? Region, string? PostalCode,
    string? Country, decimal? Latitude, decimal? Longitude, string? Instructions);

internal sealed record AddressView(
    string Id, string? Label, string FullName, string? Phone, string? Street, string? Landmark, string City, string? Region, string? PostalCode,
    string Country, decimal? Latitude, decimal? Longitude, string? Instructions, bool IsDefault, DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

/// <param name="NextCursor">Always null: a person has few.</param>
internal sealed record AddressList(IReadOnlyList<AddressView> Data, string? NextCursor);

/// <param name="Label">In English.</param>
/// <param name="LabelFr">In French.</param>
internal sealed record AddressFieldView(
    string Name, bool Required, string Label, string LabelFr, string? Hint, string? HintFr, string? Pattern, IReadOnlyList<string>? Options);

/// <param name="OneOf">At least one of these is needed, or a position.</param>
internal sealed record AddressFormatView(
    string Country, string Name, string NameFr, string CallingCode, IReadOnlyList<AddressFieldView> Fields, IReadOnlyList<string> OneOf);

/// <summary>Addresses that a person orders to.</summary>
internal static class AddressEndpoints
{
    private const int MostAddresses = 20;

    private const string Columns =
        """
        id, label, full_name, phone, street, landmark, city, region, postal_code, country, latitude, longitude, instructions, is_default,
        created_at, updated_at
        """;

    private static readonly ProblemCode AddressNotFound = new("address_not_found", 404,
        "You have no such address.", "Vous n'avez pas cette adresse.");

    private static readonly ProblemCode CountryNotServed = new("country_not_served", 404,
        "Nothing is delivered to that country.", "Rien n'est livré dans ce pays.");

    private static readonly ProblemCode TooManyAddresses = new("too_many_addresses", 409,
        "You can keep at most {0} addresses. Delete one first.", "Vous pouvez garder au plus {0} adresses. Supprimez-en une d'abord.");

    public static void Map(RouteGroupBuilder me)
    {
        var addresses = me.MapGroup("/addresses");
        addresses.MapGet("", ListAsync).WithName("ListAddresses").WithSummary("Addresses of the signed-in person, the default first");
        addresses.MapPost("", AddAsync).WithName("AddAddress").WithSummary("Add an address; the first becomes the default")
            .ProducesProblem(409).ProducesProblem(422);
        addresses.MapGet("/{id}", GetAsync).WithName("GetAddress").WithSummary("One address").ProducesProblem(404);
        addresses.MapPut("/{id}", ReplaceAsync).WithName("ReplaceAddress").WithSummary("Replace an address")
            .ProducesProblem(404).ProducesProblem(422);
        addresses.MapDelete("/{id}", DeleteAsync).WithName("DeleteAddress")
            .WithSummary("Delete an address; of the default the newest other takes the place").ProducesProblem(404);
        addresses.MapPost("/{id}/default", MakeDefaultAsync).WithName("MakeAddressDefault").WithSummary("Make an address the default")
            .ProducesProblem(404);
    }

    public static void MapFormats(IEndpointRouteBuilder app) =>
        app.MapGet("/address-formats/{country}", (string country) => Country.TryFind(country, out var known)
                ? TypedResults.Ok(Show(known))
                : throw new ProblemException(CountryNotServed))
            .WithTags("Profile").WithName("GetAddressFormat").WithSummary("What an address in a country consists of").ProducesProblem(404);

    private static AddressFormatView Show(Country country) => new(
        country.Code, country.English, country.French, country.CallingCode,
        [.. AddressFormat.Of(country).Fields.Select(f => new AddressFieldView(
            f.Name, f.Required, f.Label.English, f.Label.French, f.Hint?.English, f.Hint?.French, f.Pattern, f.Options))],
        ["street", "landmark"]);

    private static async Task<Ok<AddressList>> ListAsync(ClaimsPrincipal user, StoreDatabase database, StoreScope scope, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            $"select {Columns} from identity.addresses where store_id = $1 and user_id = $2 order by is_default desc, id desc",
            Sql.Uuid(scope.StoreId), Sql.Uuid(user.UserId())));
        var addresses = new List<AddressView>();
        while (await answer.Rows.ReadAsync(ct))
        {
            addresses.Add(Read(answer.Rows));
        }

        return TypedResults.Ok(new AddressList(addresses, NextCursor: null));
    }

    private static async Task<Ok<AddressView>> GetAsync(
        string id, ClaimsPrincipal user, StoreDatabase database, StoreScope scope, CancellationToken ct) => TypedResults.Ok(await OneAsync(
        database,
        Sql.Command(
            $"select {Columns} from identity.addresses where store_id = $1 and user_id = $2 and id = $3",
            Sql.Uuid(scope.StoreId), Sql.Uuid(user.UserId()), Sql.Uuid(Parse(id))),
        ct));

    private static async Task<Created<AddressView>> AddAsync(
        JsonBody<AddressInput> body, ClaimsPrincipal user, StoreDatabase database, TimeProvider clock, CancellationToken ct)
    {
        var (address, userId) = (Check(body.Value), user.UserId());
        await using var transaction = await database.BeginAsync(ct);
        await using (var count = await transaction.QueryAsync(
            ct,
            LockPerson(transaction, userId),
            Sql.Command(
                "select count(*) from identity.addresses where store_id = $1 and user_id = $2", Sql.Uuid(transaction.StoreId), Sql.Uuid(userId))))
        {
            if (!await count.ReadAsync(ct))
            {
                throw new ProblemException(CommonProblems.Unauthenticated);
            }

            await count.NextResultAsync(ct);
            await count.ReadAsync(ct);
            if (count.GetInt64(0) >= MostAddresses)
            {
                throw new ProblemException(TooManyAddresses, MostAddresses);
            }
        }

        AddressView added;
        await using (var row = await transaction.QueryAsync(ct, Sql.Command(
            $"""
            insert into identity.addresses (store_id, user_id, id, label, full_name, phone, street, landmark, city, region, postal_code, country,
                latitude, longitude, instructions, is_default)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
                not exists (select from identity.addresses where store_id = $1 and user_id = $2 and is_default))
            returning {Columns}
            """,
            [Sql.Uuid(transaction.StoreId), Sql.Uuid(userId), Sql.Uuid(PublicId.New(clock)), .. Values(address)])))
        {
            await row.ReadAsync(ct);
            added = Read(row);
        }

        await transaction.CommitAsync(ct);
        return TypedResults.Created("/api/v1/me/addresses/" + added.Id, added);
    }

    private static async Task<Ok<AddressView>> ReplaceAsync(
        string id, JsonBody<AddressInput> body, ClaimsPrincipal user, StoreDatabase database, StoreScope scope, CancellationToken ct) =>
        TypedResults.Ok(await OneAsync(
            database,
            Sql.Command(
                $"""
                update identity.addresses set label = $4, full_name = $5, phone = $6, street = $7, landmark = $8, city = $9, region = $10,
                    postal_code = $11, country = $12, latitude = $13, longitude = $14, instructions = $15
                where store_id = $1 and user_id = $2 and id = $3
                returning {Columns}
                """,
                [Sql.Uuid(scope.StoreId), Sql.Uuid(user.UserId()), Sql.Uuid(Parse(id)), .. Values(Check(body.Value))]),
            ct));

    private static async Task<NoContent> DeleteAsync(string id, ClaimsPrincipal user, StoreDatabase database, CancellationToken ct)
    {
        var (address, userId) = (Parse(id), user.UserId());
        await using var transaction = await database.BeginAsync(ct);
        var deleted = await transaction.ExecuteAsync(
            ct,
            LockPerson(transaction, userId),
            Sql.Command(
                "delete from identity.addresses where store_id = $1 and user_id = $2 and id = $3",
                Sql.Uuid(transaction.StoreId), Sql.Uuid(userId), Sql.Uuid(address)));
        if (deleted == 0)
        {
            throw new ProblemException(AddressNotFound);
        }

        await transaction.ExecuteAsync(ct, Sql.Command(
            """
            update identity.addresses set is_default = true
            where store_id = $1 and id = (select id from identity.addresses where store_id = $1 and user_id = $2 order by id desc limit 1)
              and not exists (select from identity.addresses where store_id = $1 and user_id = $2 and is_default)
            """,
            Sql.Uuid(transaction.StoreId), Sql.Uuid(userId)));
        await transaction.CommitAsync(ct);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> MakeDefaultAsync(string id, ClaimsPrincipal user, StoreDatabase database, CancellationToken ct)
    {
        var (address, userId) = (Parse(id), user.UserId());
        await using var transaction = await database.BeginAsync(ct);
        await transaction.ExecuteAsync(
            ct,
            LockPerson(transaction, userId),
            // The old one first: at no time are there two.
            Sql.Command(
                "update identity.addresses set is_default = false where store_id = $1 and user_id = $2 and is_default and id <> $3",
                Sql.Uuid(transaction.StoreId), Sql.Uuid(userId), Sql.Uuid(address)));
        var made = await transaction.ExecuteAsync(ct, Sql.Command(
            "update identity.addresses set is_default = true where store_id = $1 and user_id = $2 and id = $3",
            Sql.Uuid(transaction.StoreId), Sql.Uuid(userId), Sql.Uuid(address)));
        if (made == 0)
        {
            throw new ProblemException(AddressNotFound);
        }

        await transaction.CommitAsync(ct);
        return TypedResults.NoContent();
    }

    // A person's addresses change one call after the other.
    private static NpgsqlBatchCommand LockPerson(StoreTransaction transaction, Guid userId) => Sql.Command(
        "select id from identity.users where store_id = $1 and id = $2 and status = 'active' for no key update",
        Sql.Uuid(transaction.StoreId), Sql.Uuid(userId));

    /// <returns>The address as it is kept.</returns>
    /// <exception cref="ProblemException">422.</exception>
    private static AddressInput Check(AddressInput input)
    {
        var errors = new FieldErrors();
        if (!Country.TryFind(input.Country, out var country))
        {
            errors.Add("country", "is a country that is delivered to, as ISO 3166 code", "est un pays livré, en code ISO 3166");
            errors.ThrowIfAny();
        }

        var values = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var (field, value, most) in new[]
        {
            ("label", input.Label, 60), ("full_name", input.FullName, 200), ("phone", input.Phone, 32), ("street", input.Street, 300),
            ("landmark", input.Landmark, 300), ("city", input.City, 120), ("region", input.Region, 120), ("postal_code", input.PostalCode, 20),
            ("instructions", input.Instructions, 500),
        })
        {
            var text = string.IsNullOrWhiteSpace(value) ? null : value.Trim();
            errors.AtMost(text, field, most);
            if (text is not null && text.Any(char.IsControl))
            {
                errors.Add(field, "must not hold control characters", "ne doit pas contenir de caractères de contrôle");
            }

            values[field] = text;
        }

        foreach (var field in AddressFormat.Of(country!).Fields)
        {
            values[field.Name] = CheckField(field, values[field.Name], errors);
        }

        if (values["phone"] is { } phone)
        {
            values["phone"] = SignIn.Contact.ReadPhone(phone, country!.Code, "phone", errors);
        }

        if (input.Latitude is null != input.Longitude is null || input.Latitude is < -90 or > 90 || input.Longitude is < -180 or > 180)
        {
            errors.Add(
                "latitude", "and longitude are degrees, both or none", "et longitude sont des degrés, les deux ou aucune");
        }

        if (values["street"] is null && values["landmark"] is null && input.Latitude is null)
        {
            errors.Add(
                "street", "or a landmark or a position is needed, so that the courier finds you",
                "ou un point de repère ou une position est nécessaire, pour que le livreur vous trouve");
        }

        errors.ThrowIfAny();
        return new AddressInput(
            values["label"], values["full_name"], values["phone"], values["street"], values["landmark"], values["city"], values["region"],
            values["postal_code"], country!.Code, Rounded(input.Latitude), Rounded(input.Longitude), values["instructions"]);

        // A tenth of a metre; what is kept has six places.
        static decimal? Rounded(decimal? degrees) => degrees is { } d ? decimal.Round(d, 6) : null;
    }

    private static string? CheckField(AddressField field, string? value, FieldErrors errors)
    {
        if (value is null)
        {
            if (field.Required)
            {
                errors.Add(field.Name, "is required", "est obligatoire");
            }

            return null;
        }

        if (field.Options is { } options)
        {
            if (options.FirstOrDefault(o => o.Equals(value, StringComparison.OrdinalIgnoreCase)) is { } option)
            {
                return option;
            }

            errors.Add(field.Name, "is not one of the country's", "n'existe pas dans ce pays");
        }

        if (field.Pattern is not { } pattern)
        {
            return value;
        }

        var code = value.ToUpperInvariant();
        if (!Regex.IsMatch(code, $"^(?:{pattern})$", RegexOptions.CultureInvariant, TimeSpan.FromMilliseconds(100)))
        {
            errors.Add(field.Name, "is not written as in that country", "n'est pas écrit comme dans ce pays");
        }

        return code;
    }

    private static NpgsqlParameter[] Values(AddressInput address) =>
    [
        Sql.Text(address.Label), Sql.Text(address.FullName), Sql.Text(address.Phone), Sql.Text(address.Street), Sql.Text(address.Landmark),
        Sql.Text(address.City), Sql.Text(address.Region), Sql.Text(address.PostalCode), Sql.Text(address.Country), Sql.Decimal(address.Latitude),
        Sql.Decimal(address.Longitude), Sql.Text(address.Instructions),
    ];

    private static async Task<AddressView> OneAsync(StoreDatabase database, NpgsqlBatchCommand command, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(ct, command);
        return await answer.Rows.ReadAsync(ct) ? Read(answer.Rows) : throw new ProblemException(AddressNotFound);
    }

    private static AddressView Read(NpgsqlDataReader row) => new(
        PublicId.Format(PublicId.Address, row.GetGuid(0)), row.TextOrNull(1), row.GetString(2), row.TextOrNull(3), row.TextOrNull(4),
        row.TextOrNull(5), row.GetString(6), row.TextOrNull(7), row.TextOrNull(8), row.GetString(9), row.IsDBNull(10) ? null : row.GetDecimal(10),
        row.IsDBNull(11) ? null : row.GetDecimal(11), row.TextOrNull(12), row.GetBoolean(13), row.GetFieldValue<DateTimeOffset>(14),
        row.GetFieldValue<DateTimeOffset>(15));

    private static Guid Parse(string id) =>
        PublicId.TryParse(PublicId.Address, id, out var address) ? address : throw new ProblemException(AddressNotFound);
}
