using Mallgram.Kernel.Problems;

namespace Mallgram.Catalog.Merchandising;

internal static class MerchandisingProblems
{
    public static readonly ProblemCode ProductNotFound = new("product_not_found", 404,
        "There is no such product in this store.", "Ce produit n'existe pas dans cette boutique.");

    public static readonly ProblemCode VariantNotFound = new("variant_not_found", 404,
        "There is no such variant in this store.", "Cette variante n'existe pas dans cette boutique.");

    public static readonly ProblemCode OfferNotFound = new("offer_not_found", 404,
        "The product has no such offer.", "Le produit n'a pas cette offre.");

    public static readonly ProblemCode CategoryNotFound = new("category_not_found", 404,
        "There is no such category in this store.", "Cette catégorie n'existe pas dans cette boutique.");

    public static readonly ProblemCode AttributeNotFound = new("attribute_not_found", 404,
        "There is no such attribute in this store.", "Cet attribut n'existe pas dans cette boutique.");

    public static readonly ProblemCode BrandNotFound = new("brand_not_found", 404,
        "There is no such brand in this store.", "Cette marque n'existe pas dans cette boutique.");

    public static readonly ProblemCode TagNotFound = new("tag_not_found", 404,
        "No product has this tag.", "Aucun produit ne porte cette étiquette.");

    public static readonly ProblemCode CollectionNotFound = new("collection_not_found", 404,
        "There is no such collection in this store.", "Cette collection n'existe pas dans cette boutique.");

    public static readonly ProblemCode ProductChanged = new("product_changed", 409,
        "Somebody or a sync changed this product meanwhile; read it again.",
        "Quelqu'un ou une synchronisation a modifié ce produit entre-temps ; relisez-le.");

    public static readonly ProblemCode SlugTaken = new("slug_taken", 409,
        "Another one has or had this address.", "Cette adresse est ou a été celle d'un autre.");

    public static readonly ProblemCode SkuTaken = new("sku_taken", 409,
        "Another variant of this store has the SKU {0}.", "Une autre variante de cette boutique a le SKU {0}.");

    public static readonly ProblemCode CodeTaken = new("code_taken", 409,
        "There is an attribute of that code.", "Il existe un attribut de ce code.");

    public static readonly ProblemCode SupplierGoods = new("supplier_goods", 409,
        "Variants of a supplier's product come from the supplier.", "Les variantes d'un produit de fournisseur viennent du fournisseur.");

    public static readonly ProblemCode HiddenBySupplier = new("hidden_by_supplier", 409,
        "The supplier no longer sells this product, so it cannot be shown.",
        "Le fournisseur ne vend plus ce produit, il ne peut donc pas être affiché.");

    public static readonly ProblemCode LastOffer = new("last_offer", 409,
        "This is the product's only offer; hide the product instead.", "C'est la seule offre du produit ; masquez plutôt le produit.");

    public static readonly ProblemCode NoRetailPrice = new("no_price_for_offer", 409,
        "No price can be made for this smallest order: {0}.", "Aucun prix ne peut être établi pour cette commande minimale : {0}.");

    public static readonly ProblemCode CategoryCycle = new("category_cycle", 422,
        "A category cannot lie below itself.", "Une catégorie ne peut pas être placée sous elle-même.");

    public static readonly ProblemCode CategoryNotEmpty = new("category_not_empty", 409,
        "The category has products or categories below it; name a category to move them to in move_to.",
        "La catégorie contient des produits ou des catégories ; indiquez dans move_to où les déplacer.");

    public static readonly ProblemCode BrandInUse = new("brand_in_use", 409,
        "Products have this brand; name another one in move_to.", "Des produits ont cette marque ; indiquez-en une autre dans move_to.");

    public static readonly ProblemCode TooManyProducts = new("too_many_products", 422,
        "The filter matches more than {0} products; narrow it.", "Le filtre correspond à plus de {0} produits ; précisez-le.");

    public static readonly ProblemCode RulesDecide = new("collection_has_rules", 409,
        "Rules decide what is in this collection; remove them first.", "Des règles décident du contenu de cette collection ; retirez-les d'abord.");
}
