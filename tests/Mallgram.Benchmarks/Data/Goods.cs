using System.Globalization;
using Mallgram.Catalog.Contracts;

namespace Mallgram.Benchmarks.Data;

/// <summary>Invented goods in English and French: the n-th is the same in every run and process.</summary>
internal static class Goods
{
    public const string Supplier = "bench";

    private const ulong Seed = 20_261_121;

    private static readonly (string En, string Fr)[] Things =
    [
        ("Headphones", "Écouteurs"), ("Lamp", "Lampe"), ("Backpack", "Sac à dos"), ("Watch", "Montre"), ("Kettle", "Bouilloire"),
        ("Sandals", "Sandales"), ("Necklace", "Collier"), ("Blanket", "Couverture"), ("Drill", "Perceuse"), ("Charger", "Chargeur"),
        ("Keyboard", "Clavier"), ("Notebook", "Cahier"), ("Umbrella", "Parapluie"), ("Bicycle Light", "Éclairage de vélo"),
        ("Frying Pan", "Poêle"), ("Hair Dryer", "Sèche-cheveux"), ("Baby Carrier", "Porte-bébé"), ("Yoga Mat", "Tapis de yoga"),
        ("Phone Case", "Coque de téléphone"), ("Solar Panel", "Panneau solaire"), ("Coffee Grinder", "Moulin à café"), ("Wallet", "Portefeuille"),
        ("Sunglasses", "Lunettes de soleil"), ("Curtain", "Rideau"), ("Teapot", "Théière"), ("Screwdriver Set", "Jeu de tournevis"),
        ("Football", "Ballon de football"), ("Guitar Strings", "Cordes de guitare"), ("Tent", "Tente"), ("Perfume", "Parfum"),
        ("Bracelet", "Bracelet"), ("Dress", "Robe"), ("Shirt", "Chemise"), ("Trousers", "Pantalon"), ("Sofa Cover", "Housse de canapé"),
        ("Mirror", "Miroir"), ("Suitcase", "Valise"), ("Toothbrush", "Brosse à dents"), ("Water Filter", "Filtre à eau"), ("Router", "Routeur"),
    ];

    private static readonly (string En, string Fr)[] Kinds =
    [
        ("Wireless", "sans fil"), ("Waterproof", "étanche"), ("Folding", "pliable"), ("Portable", "portable"), ("Vintage", "ancien"),
        ("Rechargeable", "rechargeable"), ("Handmade", "fait main"), ("Lightweight", "léger"), ("Professional", "professionnel"),
        ("Children's", "pour enfants"), ("Elegant", "élégant"), ("Heavy Duty", "renforcé"), ("Magnetic", "magnétique"), ("Silent", "silencieux"),
        ("Adjustable", "réglable"), ("Insulated", "isolé"), ("Embroidered", "brodé"), ("Reversible", "réversible"), ("Compact", "compact"),
        ("Breathable", "respirant"),
    ];

    private static readonly (string En, string Fr)[] Stuffs =
    [
        ("Cotton", "coton"), ("Leather", "cuir"), ("Bamboo", "bambou"), ("Stainless Steel", "acier inoxydable"), ("Silicone", "silicone"),
        ("Ceramic", "céramique"), ("Linen", "lin"), ("Aluminium", "aluminium"), ("Velvet", "velours"), ("Glass", "verre"), ("Raffia", "raphia"),
        ("Wool", "laine"), ("Copper", "cuivre"), ("Denim", "denim"), ("Wax Print", "pagne"),
    ];

    private static readonly string[] Brands =
    [
        "Azania", "Baobab", "Caracal", "Djembe", "Ekaya", "Fynbos", "Gariep", "Harmattan", "Indigo", "Jacaranda", "Kente", "Limpopo", "Marula",
        "Nsukka", "Okapi", "Protea", "Quiver", "Rooibos", "Savanna", "Teranga",
    ];

    private static readonly string[] Colours = ["Black", "White", "Blue", "Red", "Green"];

    public static string Id(int n) => n.ToString("D9", CultureInfo.InvariantCulture);

    /// <summary>A word that a few products of half a million carry.</summary>
    public static string RareWord(int n)
    {
        Span<char> word = stackalloc char[7];
        var number = Mix((ulong)(n % 60_000) + 7);
        for (var i = 0; i < word.Length; i++)
        {
            word[i] = (i % 2 == 0 ? "bdfgklmnprstvz" : "aeiou")[(int)(number % (ulong)(i % 2 == 0 ? 14 : 5))];
            number /= 14;
        }

        return char.ToUpperInvariant(word[0]) + new string(word[1..]);
    }

    /// <summary>What people type, in turn.</summary>
    public static readonly string[] Queries = ["rare", "common", "two words", "typing error", "French", "French without accents"];

    /// <summary>The n-th search; <c>n % 6</c> is its place in <see cref="Queries"/>.</summary>
    public static string Query(int n)
    {
        var number = Mix((ulong)n + 99);
        var thing = Things[number % (ulong)Things.Length];
        var kind = Kinds[number / 64 % (ulong)Kinds.Length];
        return (n % 6) switch
        {
            0 => RareWord((int)(number % 60_000)),
            1 => thing.En,
            2 => $"{kind.En} {thing.En}",
            3 => thing.En[..2] + thing.En[3..],
            4 => thing.Fr,
            _ => $"{Stuffs[number / 4096 % (ulong)Stuffs.Length].Fr} {thing.Fr.Replace('é', 'e').Replace('É', 'E').Replace('è', 'e')}",
        };
    }

    /// <param name="priceShift">Cents on top of every cost: another one is another content.</param>
    public static SupplierProduct Product(int n, int priceShift = 0)
    {
        var number = Mix((ulong)n);
        var thing = Things[number % (ulong)Things.Length];
        var kind = Kinds[number / 64 % (ulong)Kinds.Length];
        var stuff = Stuffs[number / 4096 % (ulong)Stuffs.Length];
        var brand = Brands[number / 65_536 % (ulong)Brands.Length];
        var model = RareWord((int)(number / 1_048_576 % 60_000));
        var cost = (200 + (int)(number / 33_554_432 % 9_000) + priceShift) / 100m;
        return new SupplierProduct
        {
            ExternalId = Id(n),
            Name = $"{brand} {model} {kind.En} {thing.En} {stuff.En}",
            NameFr = $"{thing.Fr} {kind.Fr} {brand} {model} en {stuff.Fr}",
            Description = $"{kind.En} {thing.En.ToLowerInvariant()} made of {stuff.En.ToLowerInvariant()}. Comes in a gift box with instructions.\n"
                + $"Two years of warranty. Model {model}, number {Id(n)}. Ships from the warehouse within a week.",
            DescriptionFr = $"{thing.Fr} {kind.Fr} en {stuff.Fr}. Livré dans une boîte avec mode d'emploi. Garantie de deux ans. Modèle {model}.",
            Brand = brand,
            // Other bits than the thing's: of every thing there are good ones and bad ones, well known and unknown.
            Rating = 3 + ((number >> 40) % 20 / 10m),
            ReviewCount = (int)((number >> 45) % 900),
            SalesCount = (int)(number % 5_000),
            ShipsWithinDays = 5 + (int)(number % 25),
            WeightGrams = 100 + (int)(number % 1_900),
            Specifications = [new("Material", stuff.En), new("Origin", "Shenzhen")],
            ImageUrls = [$"https://images.example.com/{Id(n)}-1.jpg", $"https://images.example.com/{Id(n)}-2.jpg"],
            Variants =
            [
                .. Colours.Take(1 + (int)(number % 2)).Select((colour, i) => new SupplierVariant
                {
                    ExternalId = (i + 1).ToString(CultureInfo.InvariantCulture),
                    Name = colour,
                    Options = [new("Color", colour)],
                    Cost = cost + i,
                    CostCurrency = "USD",
                    Stock = 5 + (int)(number % 200),
                }),
            ],
        };
    }

    /// <summary>SplitMix64.</summary>
    private static ulong Mix(ulong n)
    {
        var z = (n + Seed) * 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
