//! The plain shapes of connector actions: all that this crate knows of connectors.

/// One connector action: what may be proposed, and on which fields policies may look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionShape {
    /// The kind of software, such as `zendesk`.
    pub system: String,
    /// The object, such as `ticket`.
    pub object: String,
    /// `update`, `create`, `delete` or a business action such as `resolve`.
    pub action: String,
    /// The fields, or for a business action its arguments.
    pub fields: Vec<FieldShape>,
}

/// One field of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldShape {
    /// The vendor's name.
    pub name: String,
    /// What it holds.
    pub ty: FieldType,
    /// Whether policies may see its values. Its name always shows in `context.changedFields`.
    pub policy_visible: bool,
}

/// What a field holds, as far as policies care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// Text.
    Text,
    /// One of a list of texts.
    Enum,
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
    /// An exact decimal number, as text.
    Decimal,
    /// An amount of money, as decimal text.
    Money {
        /// Digits after the point of the currency's minor unit.
        scale: u8,
    },
    /// A calendar date, as text.
    Date,
    /// A point in time, as text.
    DateTime,
    /// The id of another record, as text.
    Reference,
    /// A set of texts.
    List,
}

/// How the action changes its record: `create`, `update` and `delete` by name, every other name is `invoke`.
pub(super) const KINDS: [&str; 4] = ["create", "update", "delete", "invoke"];

impl ActionShape {
    /// The action's id, `<system>.<object>.<action>`.
    pub fn id(&self) -> String {
        format!("{}.{}.{}", self.system, self.object, self.action)
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&FieldShape> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Whether `context.delta` has a fact of that name for this action.
    pub(crate) fn declares_delta(&self, name: &str) -> bool {
        let measures = |suffix: &str, fits: fn(FieldType) -> bool| {
            let field = name.strip_suffix(suffix).and_then(|field| self.field(field));
            field.is_some_and(|field| field.policy_visible && fits(field.ty))
        };
        measures("Bp", FieldType::is_number) || measures("Minor", |ty| ty.minor_scale().is_some())
    }

    /// The action groups that it belongs to: `zendesk.*`, `zendesk.ticket.*` and `*.update`. No slug has a star, so no
    /// group is mistaken for an action.
    pub(super) fn groups(&self) -> [String; 3] {
        let kind = KINDS.into_iter().find(|kind| *kind == self.action).unwrap_or("invoke");
        [format!("{}.*", self.system), format!("{}.{}.*", self.system, self.object), format!("*.{kind}")]
    }
}

impl FieldType {
    /// Digits after the point of the minor unit; absent for what is no amount. Plain decimals count in hundredths.
    pub(crate) fn minor_scale(self) -> Option<u8> {
        match self {
            Self::Decimal => Some(2),
            Self::Money { scale } => Some(scale),
            Self::Text
            | Self::Enum
            | Self::Boolean
            | Self::Integer
            | Self::Date
            | Self::DateTime
            | Self::Reference
            | Self::List => None,
        }
    }

    pub(super) fn is_number(self) -> bool {
        self == Self::Integer || self.minor_scale().is_some()
    }
}
