using System.Collections.Frozen;

namespace Mallgram.Kernel;

/// <summary>One field of an address form.</summary>
/// <param name="Name">Member of the address in JSON.</param>
/// <param name="Pattern">Regular expression (ECMAScript) that the whole value matches, in capitals; null: any text.</param>
/// <param name="Options">The only values there are; null: any text.</param>
public sealed record AddressField(
    string Name, bool Required, LocalText Label, LocalText? Hint = null, string? Pattern = null, IReadOnlyList<string>? Options = null);

/// <summary>
/// How people in a country write where they are. Postcodes are asked for where couriers cannot do without (India), offered where they exist
/// and left out elsewhere; a landmark does for a street everywhere. Sources: Universal Postal Union, "Postal addressing systems"; ISO 3166-2.
/// </summary>
/// <param name="Fields">In the order of the form.</param>
public sealed record AddressFormat(string Country, IReadOnlyList<AddressField> Fields)
{
    private static readonly AddressField Name = new("full_name", true, new("Full name", "Nom complet"));

    private static readonly AddressField Phone = new(
        "phone", true, new("Phone", "Téléphone"), new("The courier calls it", "Le livreur l'appelle"));

    private static readonly AddressField Street = new(
        "street", false, new("Street and number", "Rue et numéro"), new("Or a landmark", "Ou un point de repère"));

    private static readonly AddressField Landmark = new(
        "landmark", false, new("Landmark", "Point de repère"),
        new("A place that people know, and how to get from it to you", "Un lieu connu, et comment aller de là chez vous"));

    private static readonly AddressField City = new("city", true, new("City or town", "Ville"));

    private static readonly AddressField Instructions = new(
        "instructions", false, new("Delivery instructions", "Consignes de livraison"));

    private static readonly string[] SouthAfrica =
        ["Eastern Cape", "Free State", "Gauteng", "KwaZulu-Natal", "Limpopo", "Mpumalanga", "North West", "Northern Cape", "Western Cape"];

    private static readonly string[] Nigeria =
    [
        "Abia", "Adamawa", "Akwa Ibom", "Anambra", "Bauchi", "Bayelsa", "Benue", "Borno", "Cross River", "Delta", "Ebonyi", "Edo", "Ekiti", "Enugu",
        "Federal Capital Territory", "Gombe", "Imo", "Jigawa", "Kaduna", "Kano", "Katsina", "Kebbi", "Kogi", "Kwara", "Lagos", "Nasarawa", "Niger",
        "Ogun", "Ondo", "Osun", "Oyo", "Plateau", "Rivers", "Sokoto", "Taraba", "Yobe", "Zamfara",
    ];

    private static readonly string[] India =
    [
        "Andaman and Nicobar Islands", "Andhra Pradesh", "Arunachal Pradesh", "Assam", "Bihar", "Chandigarh", "Chhattisgarh",
        "Dadra and Nagar Haveli and Daman and Diu", "Delhi", "Goa", "Gujarat", "Haryana", "Himachal Pradesh", "Jammu and Kashmir", "Jharkhand",
        "Karnataka", "Kerala", "Ladakh", "Lakshadweep", "Madhya Pradesh", "Maharashtra", "Manipur", "Meghalaya", "Mizoram", "Nagaland", "Odisha",
        "Puducherry", "Punjab", "Rajasthan", "Sikkim", "Tamil Nadu", "Telangana", "Tripura", "Uttar Pradesh", "Uttarakhand", "West Bengal",
    ];

    private static readonly FrozenDictionary<string, AddressFormat> Known = new AddressFormat[]
    {
        new("ZA", [
            Name, Phone, Street, Landmark, City, new("region", false, new("Province", "Province"), Options: SouthAfrica),
            Postcode(new("Postal code", "Code postal"), "[0-9]{4}"), Instructions]),
        new("NG", [
            Name, Phone, Street, Landmark, City with { Label = new("City or area", "Ville ou quartier") },
            // Prices and routes of couriers go by state, and names of towns repeat across them.
            new("region", true, new("State", "État"), Options: Nigeria), Postcode(new("Postal code", "Code postal"), "[0-9]{6}"), Instructions]),
        new("IN", [
            Name, Phone, Street, Landmark, City, new("region", true, new("State", "État"), Options: India),
            Postcode(new("PIN code", "Code PIN"), "[1-9][0-9]{5}") with { Required = true }, Instructions]),
        new("KE", [
            Name, Phone, Street with { Label = new("Estate, street and house", "Domaine, rue et maison") }, Landmark, City,
            new("region", false, new("County", "Comté")), Postcode(new("Postal code", "Code postal"), "[0-9]{5}"), Instructions]),
        new("GH", [
            Name, Phone, Street, Landmark, City, new("region", false, new("Region", "Région")),
            Postcode(new("Digital address (GhanaPostGPS)", "Adresse numérique (GhanaPostGPS)"), "[A-Z][A-Z0-9]-?[0-9]{3,5}-?[0-9]{4}"), Instructions]),
        new("CM", [
            Name, Phone, Landmark, Street with { Hint = null, Label = new("Quarter and street", "Quartier et rue") }, City,
            new("region", false, new("Region", "Région")), Instructions]),
        new("SN", [
            Name, Phone, Landmark, Street with { Hint = null, Label = new("Quarter, street or villa", "Quartier, rue ou villa") }, City,
            new("region", false, new("Region", "Région")), Postcode(new("Postal code", "Code postal"), "[0-9]{5}"), Instructions]),
    }.ToFrozenDictionary(f => f.Country, StringComparer.Ordinal);

    public static AddressFormat Of(Country country)
    {
        if (Known.TryGetValue(country.Code, out var format))
        {
            return format;
        }

        AddressField[] fields = [Name, Phone, Street, Landmark, City, new("region", false, new("Region", "Région"))];
        return new AddressFormat(
            country.Code,
            country.HasPostalCodes
                ? [.. fields, Postcode(new("Postal code", "Code postal"), pattern: null), Instructions]
                : [.. fields, Instructions]);
    }

    private static AddressField Postcode(LocalText label, string? pattern) => new("postal_code", false, label, Pattern: pattern);
}
