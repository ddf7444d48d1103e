using System.Globalization;

namespace Mallgram.Sandbox.AliExpress.Catalogue;

/// <summary>
/// A made-up catalogue: the same seed and size always give the same items. Titles in English and French, prices in US dollars, about
/// two items in five with two to four variants, one in twenty sold out.
/// </summary>
internal static class GeneratedCatalogue
{
    private const int ColourProperty = 14;
    private const int SizeProperty = 5;

    private sealed record Good(string En, string Fr, decimal Low, decimal High, int Grams, Choice Choice);

    private enum Choice
    {
        Colour,
        Size,
    }

    private sealed record Shelf(string En, string Fr, Good[] Goods);

    private sealed record Department(long Id, string En, string Fr, Shelf[] Shelves);

    private static readonly Department[] Departments =
    [
        new(200000001, "Home & Kitchen", "Maison et cuisine",
        [
            new("Cookware", "Batterie de cuisine",
            [
                new("Non-stick Frying Pan", "Poêle antiadhésive", 7, 38, 1200, Choice.Colour),
                new("Pressure Cooker", "Autocuiseur", 24, 90, 3500, Choice.Colour),
                new("Knife Set", "Set de couteaux", 9, 55, 1500, Choice.Colour),
            ]),
            new("Storage", "Rangement",
            [
                new("Food Storage Box", "Boîte de conservation", 3, 19, 600, Choice.Colour),
                new("Shoe Rack", "Étagère à chaussures", 8, 34, 2500, Choice.Colour),
                new("Vacuum Flask", "Bouteille isotherme", 6, 28, 450, Choice.Colour),
            ]),
            new("Bedding", "Literie",
            [
                new("Cotton Sheet Set", "Parure de lit en coton", 14, 60, 1800, Choice.Colour),
                new("Mosquito Net", "Moustiquaire", 5, 26, 700, Choice.Colour),
            ]),
        ]),
        new(200000002, "Electronics", "Électronique",
        [
            new("Phone Accessories", "Accessoires de téléphone",
            [
                new("USB-C Charger", "Chargeur USB-C", 3, 22, 120, Choice.Colour),
                new("Power Bank", "Batterie externe", 9, 45, 380, Choice.Colour),
                new("Phone Case", "Coque de téléphone", 1.5m, 12, 60, Choice.Colour),
            ]),
            new("Audio", "Audio",
            [
                new("Wireless Earphones", "Écouteurs sans fil", 6, 70, 90, Choice.Colour),
                new("Bluetooth Speaker", "Enceinte Bluetooth", 8, 85, 650, Choice.Colour),
            ]),
            new("Solar & Lighting", "Solaire et éclairage",
            [
                new("Solar Lamp", "Lampe solaire", 5, 40, 800, Choice.Colour),
                new("LED Bulb Pack", "Lot d'ampoules LED", 3, 18, 300, Choice.Colour),
            ]),
        ]),
        new(200000003, "Clothing", "Vêtements",
        [
            new("Women's Clothing", "Vêtements femme",
            [
                new("Wax Print Dress", "Robe en wax", 11, 49, 420, Choice.Size),
                new("Linen Blouse", "Chemisier en lin", 8, 32, 250, Choice.Size),
            ]),
            new("Men's Clothing", "Vêtements homme",
            [
                new("Polo Shirt", "Polo", 6, 27, 260, Choice.Size),
                new("Cargo Trousers", "Pantalon cargo", 12, 44, 560, Choice.Size),
            ]),
            new("Bags", "Sacs",
            [
                new("Backpack", "Sac à dos", 9, 58, 900, Choice.Colour),
                new("Handbag", "Sac à main", 10, 75, 700, Choice.Colour),
            ]),
        ]),
        new(200000004, "Beauty & Health", "Beauté et santé",
        [
            new("Hair Care", "Soins des cheveux",
            [
                new("Hair Dryer", "Sèche-cheveux", 11, 65, 800, Choice.Colour),
                new("Shea Butter Cream", "Crème au beurre de karité", 3, 17, 250, Choice.Colour),
            ]),
            new("Wellness", "Bien-être",
            [
                new("Massage Gun", "Pistolet de massage", 18, 95, 1100, Choice.Colour),
                new("Yoga Mat", "Tapis de yoga", 6, 35, 1300, Choice.Colour),
            ]),
        ]),
        new(200000005, "Tools & Garden", "Bricolage et jardin",
        [
            new("Hand Tools", "Outils à main",
            [
                new("Screwdriver Set", "Jeu de tournevis", 5, 39, 900, Choice.Colour),
                new("Cordless Drill", "Perceuse sans fil", 22, 120, 1900, Choice.Colour),
            ]),
            new("Irrigation", "Irrigation",
            [
                new("Garden Hose", "Tuyau d'arrosage", 8, 46, 2200, Choice.Colour),
                new("Drip Irrigation Kit", "Kit d'irrigation goutte à goutte", 7, 52, 1400, Choice.Colour),
            ]),
        ]),
    ];

    // Invariant in French, so that they agree with every noun above.
    private static readonly (string En, string Fr)[] Qualities =
    [
        ("Waterproof", "étanche"), ("Portable", "portable"), ("Heavy-duty", "robuste"), ("Travel", "de voyage"), ("Durable", "durable"),
        ("Premium", "haut de gamme"), ("Foldable", "pliable"), ("Modern", "moderne"), ("Everyday", "pour tous les jours"),
        ("Family", "pour la famille"),
    ];

    private static readonly string[] Brands =
        ["Baobab", "Kora", "Sahara Line", "Nkola", "Lumière", "Teranga", "Ubuntu Home", "Zola", "Acacia", "Mbali"];

    private static readonly (string En, string Fr, long Id)[] Colours =
        [("Black", "Noir", 193), ("White", "Blanc", 29), ("Blue", "Bleu", 173), ("Red", "Rouge", 10), ("Green", "Vert", 175)];

    private static readonly (string Name, long Id)[] Sizes = [("S", 100014064), ("M", 361386), ("L", 361385), ("XL", 100014065)];

    private static readonly CatalogueShop[] Shops =
    [
        new(1101000011, "Baobab Official Store", "4.8", "4.7", "4.6"), new(1101000012, "Guangzhou Home Store", "4.6", "4.5", "4.4"),
        new(1101000013, "Shenzhen Tech Store", "4.7", "4.8", "4.5"), new(1101000014, "Yiwu Daily Goods Store", "4.5", "4.6", "4.3"),
    ];

    public static SupplierCatalogue Create(int size, int seed)
    {
        var categories = new List<CatalogueCategory>();
        var shelves = new List<(CatalogueCategory Department, CatalogueCategory Shelf, Good Good)>();
        foreach (var department in Departments)
        {
            var first = new CatalogueCategory(department.Id, 0, department.En, department.Fr);
            categories.Add(first);
            foreach (var (shelf, index) in department.Shelves.Select((s, i) => (s, i)))
            {
                var second = new CatalogueCategory((department.Id * 10) - 1_799_999_000 + index, first.Id, shelf.En, shelf.Fr);
                categories.Add(second);
                shelves.AddRange(shelf.Goods.Select(good => (first, second, good)));
            }
        }

        // Seeded Random keeps its sequence across .NET versions; that is what makes the catalogue repeatable.
        var random = new Random(seed);
        var items = new CatalogueItem[size];
        for (var i = 0; i < size; i++)
        {
            var (first, second, good) = shelves[i % shelves.Count];
            items[i] = Item(1005006000000001 + i, [first, second], good, random);
        }

        return new SupplierCatalogue(items, categories);
    }

    private static CatalogueItem Item(long id, CatalogueCategory[] path, Good good, Random random)
    {
        var quality = Qualities[random.Next(Qualities.Length)];
        var brand = Brands[random.Next(Brands.Length)];
        var model = string.Create(CultureInfo.InvariantCulture, $"{(char)('A' + random.Next(26))}{random.Next(100, 1000)}");
        var titleEn = $"{brand} {quality.En} {good.En} {model}";
        var titleFr = $"{good.Fr} {quality.Fr} {brand} {model}";
        var cents = (int)(good.Low * 100) + random.Next((int)((good.High - good.Low) * 100));
        var price = cents / 100m;
        var original = Math.Round(price * (1 + (random.Next(0, 60) / 100m)), 2, MidpointRounding.AwayFromZero);
        var reviews = random.Next(4) == 0 ? random.Next(20) : random.Next(20, 4000);
        var rating = (38 + random.Next(13)) / 10m;
        return new CatalogueItem
        {
            Id = id,
            TitleEn = titleEn,
            TitleFr = titleFr,
            DetailEn = $"<div><p>{titleEn}. {quality.En}, checked before shipping.</p>"
                + $"<ul><li>Brand: {brand}</li><li>Model: {model}</li></ul></div>",
            DetailFr = $"<div><p>{titleFr}. Article {quality.Fr}, contrôlé avant expédition.</p>"
                + $"<ul><li>Marque : {brand}</li><li>Modèle : {model}</li></ul></div>",
            Path = path,
            Brand = brand,
            Currency = "USD",
            Skus = Skus(id, good.Choice, price, original, random),
            Rating = rating.ToString("0.0", CultureInfo.InvariantCulture),
            Reviews = reviews,
            Sold = reviews * random.Next(2, 9),
            Pictures = random.Next(2, 6),
            Shop = Shops[random.Next(Shops.Length)],
            WeightGrams = good.Grams,
            // Of the id, not of the seeded sequence: one item in three.
            BulkOrder = id % 3 == 0 ? 3 + (int)(id % 7) : 0,
            BulkPercent = 3 + (int)(id % 10),
            Properties =
            [
                new("Model Number", "Numéro de modèle", 3, model, model, -1),
                new("Origin", "Origine", 219, "Mainland China", "Chine continentale", 9441741844),
            ],
        };
    }

    private static CatalogueSku[] Skus(long id, Choice choice, decimal price, decimal original, Random random)
    {
        if (random.Next(5) >= 2)
        {
            return [new CatalogueSku(SkuId(id, 0), "", CataloguePrice.Of(price), CataloguePrice.Of(original), Stock(random))];
        }

        var skus = new CatalogueSku[random.Next(2, 5)];
        var step = Math.Round(price * random.Next(0, 8) / 100m, 2, MidpointRounding.AwayFromZero);
        var offset = random.Next(Colours.Length);
        for (var i = 0; i < skus.Length; i++)
        {
            var colour = Colours[(offset + i) % Colours.Length];
            var property = choice == Choice.Size
                ? new CatalogueSkuProperty(SizeProperty, "Size", "Taille", Sizes[i].Id, Sizes[i].Name, Sizes[i].Name, 0)
                : new CatalogueSkuProperty(ColourProperty, "Color", "Couleur", colour.Id, colour.En, colour.Fr, i + 1);
            var attribute = string.Create(CultureInfo.InvariantCulture, $"{property.NameId}:{property.ValueId}#{property.ValueEn}");
            skus[i] = new CatalogueSku(
                SkuId(id, i), attribute, CataloguePrice.Of(price + (step * i)), CataloguePrice.Of(original + (step * i)), Stock(random))
            {
                Properties = [property],
            };
        }

        return skus;
    }

    private static long SkuId(long item, int index) => 12000030000000000 + ((item - 1005006000000000) * 10) + index;

    private static int Stock(Random random) => random.Next(20) == 0 ? 0 : random.Next(1, 600);
}
